from dataclasses import replace

import pytest
from stored_runs import EFFECT, stored_run

from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.thought_credit import thoughts_text


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


def gained(run, *, points=43.0, low=37.5, high=48.5, p_value=0.0001):
    """The same run with another change over its rounds."""
    change = {"first": "round 2 thought", "second": "round 0 thought", "points": points, "low": low, "high": high}
    comparisons = [{**change, "p_value": p_value, "adjusted_p_value": p_value, "n": 100}]
    return replace(run, findings={**run.findings, "comparisons": comparisons})


def against_free_replies(run, **changes):
    """The same run, whose effect is the difference of its free replies to those of the control."""
    against = "answers_only/copies thought"
    own = run.rounds[-1].metrics["arms"]["thought"]["accuracy"]
    effect = {"points": 11.5, "low": 6.75, "high": 16.25, "n": 100, "against": against, **changes}
    run = with_effect(run, **effect, parts=[{"arm": "thought", "against": against}])
    arms = {"thought": {"accuracy": own - effect["points"] / 100}}
    return replace(
        run, findings={**run.findings, "controls": {"answers_only": {"variants": {"copies": {"arms": arms}}}}}
    )


def reached_by(run):
    """Accuracy of its control as it is written."""
    return (
        f"{100 * run.findings['controls']['answers_only']['variants']['copies']['arms']['thought']['accuracy']:.1f} %"
    )


def test_without_an_effect_the_sentence_says_why(tmp_path):
    run = run_of(tmp_path)
    assert "is measured when the run is finished" in thoughts_text(run)
    assert "was not measured" in thoughts_text(replace(run, finished=True))
    assert thoughts_text(run_of(tmp_path / "base", rounds=0)) == ""


def test_the_part_of_the_gain_that_is_due_to_the_thoughts_is_a_number_with_its_interval(tmp_path):
    run = gained(against_free_replies(run_of(tmp_path)))
    assert thoughts_text(run) == (
        "Part of the gain is due to the thoughts: 11.5 of the 43.0 points (95 % interval 6.8 to 16.2, p = 0.001). Training on "
        f"the same answers without them reaches {reached_by(run)}."
    )


def test_the_gain_is_due_to_the_thoughts_where_training_without_them_gains_nothing(tmp_path):
    run = gained(against_free_replies(run_of(tmp_path), points=45.0, low=40.0, high=50.0))
    assert thoughts_text(run) == (
        f"The gain is due to the thoughts: training on the same answers without them reaches {reached_by(run)}, 45.0 points "
        "less (95 % interval 40.0 to 50.0, p = 0.001)."
    )


@pytest.mark.parametrize("changes", [{"against": "answers_only/pairs answer_at_once"}, {"n": 40}])
def test_points_that_are_not_those_of_the_gain_are_not_subtracted_from_it(tmp_path, changes):
    text = thoughts_text(gained(against_free_replies(run_of(tmp_path), **changes)))
    assert text.startswith(
        "Part of the gain is due to the thoughts: training on thoughts is worth +11.5 points (95 % interval +6.8 to +16.2, p = "
        "0.001) over training on the same answers without them"
    )
    assert "of the 43.0" not in text


@pytest.mark.parametrize(
    "change", [{"points": 2.0, "low": -3.0, "p_value": 0.4}, {"points": -9.0, "low": -14.0, "high": -4.0}]
)
def test_where_nothing_was_gained_the_effect_is_no_part_of_a_gain(tmp_path, change):
    run = gained(against_free_replies(run_of(tmp_path)), **change)
    assert thoughts_text(run).startswith(
        "Training on thoughts is worth +11.5 points (95 % interval +6.8 to +16.2, p = 0.001)"
    )
    assert thoughts_text(run).endswith(f"without them, which reaches {reached_by(run)}.")


def test_the_thoughts_get_no_credit_that_is_not_shown(tmp_path):
    run = run_of(tmp_path)
    assert thoughts_text(gained(with_effect(run, low=-2.0, p_value=0.3))) == (
        "No part of the gain is shown to be due to the thoughts: training on them is worth +9.0 points (95 % interval -2.0 to "
        "+14.0, p = 0.300) over training on the same answers without them."
    )
    worse = with_effect(run, points=-9.0, low=-14.0, high=-4.0)
    assert thoughts_text(gained(worse)).startswith("Training on thoughts is worse than training on the same answers")
    unclear = gained(with_effect(run, low=-2.0, p_value=0.3), points=2.0, low=-3.0, p_value=0.4)
    assert thoughts_text(unclear).startswith("Training on thoughts is not shown to be better than training on")


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
    assert "after an empty one" not in thoughts_text(replace(run, findings={**run.findings, "comparisons": []}))
    sides = {"first": "round 2 thought", "second": "round 2 room_to_reason", "p_value": 0.001, "n": 100}
    text = thoughts_text(replace(run, findings={**run.findings, "comparisons": [{**sides, **compared}]}))
    own, empty = (100 * run.rounds[-1].metrics["arms"][arm]["accuracy"] for arm in ("thought", "room_to_reason"))
    assert text.startswith("Training on thoughts is worth")
    assert ". " not in text
    assert matters in text
    assert text.endswith(
        f"it reaches {empty:.1f} % ({own:.1f} % with its own); 3 of 100 of these replies close a thought anyway."
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
        text = thoughts_text(replace(run, findings=findings))
        assert text.endswith("the same answers without them.")
        assert "empty" not in text
