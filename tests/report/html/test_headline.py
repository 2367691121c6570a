from dataclasses import replace

import pytest
from stored_runs import stored_run, with_controls_and_win_rates

from thoughtrank.report.html.headline import (
    change_over_rounds,
    duration_text,
    excludes_zero,
    headline,
    total_cost,
    total_seconds,
)
from thoughtrank.report.html.stored_run import read_run

EFFECT = {
    "points": 9.0,
    "low": 4.0,
    "high": 14.0,
    "p_value": 0.001,
    "n": 40,
    "against": "answers_only/pairs thought",
    "parts": [],
}


def run_of(folder, **settings):
    return read_run(stored_run(folder, held_out=100, **settings))


def answering_plainly(run, *, closing=0):
    """The same run, whose last replies close no thought, but for the first ones after an empty thought."""
    last = run.rounds[-1]
    plain = [replace(each, reply="7") for each in last.replies if each.arm != "room_to_reason"]
    empty = [each for each in last.replies if each.arm == "room_to_reason"]
    empty = [each if number < closing else replace(each, reply="7") for number, each in enumerate(empty)]
    return replace(run, rounds=[*run.rounds[:-1], replace(last, replies=[*plain, *empty])])


def with_effect(run, **changes):
    return replace(run, findings={**run.findings, "thought_effect": {**EFFECT, **changes}}, finished=True)


def test_a_rise_is_stated_with_its_interval(tmp_path):
    run = run_of(tmp_path)
    text = headline(run)
    assert text.startswith("2 rounds of training raised accuracy from ")
    assert "of 100 held-out questions: +" in text
    assert "95 % interval +" in text
    assert text.endswith("and cost $0.50 for the judge.")


def test_what_may_be_chance_is_no_change(tmp_path):
    run = run_of(tmp_path, accuracy=(0.5, 0.5, 0.52))
    assert not excludes_zero(change_over_rounds(run))
    assert "did not measurably change accuracy" in headline(run)
    assert "lowered accuracy" in headline(run_of(tmp_path / "worse", accuracy=(0.9, 0.5, 0.1)))


def test_the_thoughts_get_credit_only_where_it_is_shown(tmp_path):
    run = run_of(tmp_path)
    assert "is measured when the run is finished" in headline(run)
    assert "was not measured" in headline(replace(run, finished=True))
    shown = headline(with_effect(run))
    assert (
        "Training on thoughts is worth +9.0 points (95 % interval +4.0 to +14.0, p = 0.001) over training on the"
        in shown
    )
    against = {**with_effect(run).findings["thought_effect"], "against": "answers_only/copies thought"}
    controls = {"answers_only": {"variants": {"copies": {"arms": {"thought": {"accuracy": 0.45}}}}}}
    findings = {**run.findings, "thought_effect": against, "controls": controls}
    assert "training on the same answers without them, which reaches 45.0 %." in headline(
        replace(run, findings=findings)
    )
    assert "is not shown to be better than training on" in headline(with_effect(run, low=-2.0, p_value=0.3))
    assert "is worse than training on" in headline(with_effect(run, points=-9.0, low=-14.0, high=-4.0))


@pytest.mark.parametrize(
    ("compared", "matters"),
    [
        ({"points": -4.0, "low": -8.0, "high": -0.5, "adjusted_p_value": 0.077}, "is not shown to matter"),
        (
            {"points": 9.0, "low": 4.0, "high": 14.0, "adjusted_p_value": 0.01},
            "then does worse without writing a thought",
        ),
        ({"points": -9.0, "low": -14.0, "high": -4.0, "adjusted_p_value": 0.01}, "then does better without writing a"),
    ],
)
def test_the_effect_and_what_an_empty_thought_reaches_are_one_sentence(tmp_path, compared, matters):
    run = with_effect(answering_plainly(run_of(tmp_path), closing=3))
    assert "after an empty one" not in headline(replace(run, findings={**run.findings, "comparisons": []}))
    sides = {"first": "round 2 thought", "second": "round 2 room_to_reason", "p_value": 0.001, "n": 100}
    text = headline(replace(run, findings={**run.findings, "comparisons": [{**sides, **compared}]}))
    own, empty = (100 * run.rounds[-1].metrics["arms"][arm]["accuracy"] for arm in ("thought", "room_to_reason"))
    (sentence,) = [each for each in text.split(". ") if each.startswith("Training on thoughts is worth")]
    assert matters in sentence
    assert sentence.endswith(
        f"it reaches {empty:.1f} % ({own:.1f} % with its own); 3 of 100 of these replies close a thought anyway"
    )


def test_nothing_is_claimed_of_an_empty_thought_where_most_replies_close_one(tmp_path):
    run = with_effect(answering_plainly(run_of(tmp_path), closing=51))
    compared = {
        "first": "round 2 thought",
        "second": "round 2 room_to_reason",
        "points": -4.0,
        "low": -8.0,
        "high": -0.5,
    }
    for adjusted in (0.077, 0.001):
        findings = {**run.findings, "comparisons": [{**compared, "p_value": 0.001, "adjusted_p_value": adjusted}]}
        text = headline(replace(run, findings=findings))
        assert "the same answers without them. It took" in text
        assert "empty" not in text


def test_a_run_with_only_its_base_model(tmp_path):
    text = headline(run_of(tmp_path, rounds=0))
    assert text.startswith("Before training the model answers ")
    assert "thoughts" not in text


def test_sums_are_over_rounds_and_controls(tmp_path):
    run = run_of(tmp_path)
    assert total_cost(run) == pytest.approx(0.5)
    assert total_seconds(run) == 3 * 30 + 2 * 5 * 60
    controls = {"answers_only": {"seconds": 1.0, "variants": {"copies": {"seconds": 4.0}, "pairs": {"seconds": 6.0}}}}
    assert total_seconds(replace(run, findings={**run.findings, "controls": controls})) == 3 * 30 + 2 * 5 * 60 + 10


@pytest.mark.parametrize(("seconds", "text"), [(12, "12 s"), (600, "10 min"), (7500, "2 h 05 min")])
def test_durations(seconds, text):
    assert duration_text(seconds) == text


def without_accuracy(run, **figures):
    """The same run, of questions without reference answers."""
    judged = {"low": 0.4, "high": 0.6, "p_value": 0.5, "n": 40, **figures}
    rounds = [replace(each, metrics={**each.metrics, "accuracy": None}) for each in run.rounds]
    last = replace(rounds[-1], win_rates={"thought_vs_round_0": judged} if figures else {})
    return replace(run, rounds=[*rounds[:-1], last])


def test_without_reference_answers_the_judge_says_whether_the_replies_changed(tmp_path):
    run = run_of(tmp_path)
    better = headline(without_accuracy(run, win_rate=0.7, low=0.6, high=0.8, p_value=0.0004))
    assert better.startswith(
        "2 rounds of training improved the replies: the judge prefers its replies to those of the base model in 70.0 % of 40"
    )
    assert "(95 % interval 60.0 to 80.0, p < 0.001; the questions have no reference answers)" in better
    worse = headline(without_accuracy(run, win_rate=0.3, low=0.2, high=0.4, p_value=0.01))
    assert "2 rounds of training worsened the replies" in worse
    assert "did not measurably change the replies" in headline(without_accuracy(run, win_rate=0.55))
    assert "so there is no accuracy" in headline(without_accuracy(run))


def test_what_comparing_replies_cost_is_part_of_the_cost(tmp_path):
    run = read_run(with_controls_and_win_rates(stored_run(tmp_path)))
    assert total_cost(run) == 1.0
