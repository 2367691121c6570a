from dataclasses import replace

from stored_runs import stored_run, without_examples

from thoughtrank.report.html.differences import change_over_rounds, excludes_zero
from thoughtrank.report.html.headline import headline
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.thought_credit import thoughts_text


def run_of(folder, **settings):
    return read_run(stored_run(folder, held_out=100, **settings))


def test_a_rise_is_stated_with_its_interval(tmp_path):
    run = run_of(tmp_path)
    text = headline(run)
    assert text.startswith("2 rounds of training raised accuracy from ")
    assert "of 100 held-out questions: +" in text
    assert "95 % interval +" in text
    assert text.endswith(" of compute; the judge cost $0.50.")


def test_what_may_be_chance_is_no_change(tmp_path):
    run = run_of(tmp_path, accuracy=(0.5, 0.5, 0.52))
    assert not excludes_zero(change_over_rounds(run))
    assert "did not measurably change accuracy" in headline(run)
    assert "lowered accuracy" in headline(run_of(tmp_path / "worse", accuracy=(0.9, 0.5, 0.1)))


def test_what_the_thoughts_are_worth_stands_between_the_change_and_the_cost(tmp_path):
    run = run_of(tmp_path)
    assert f"). {thoughts_text(run)} It took 12 min of compute" in headline(run)


def test_a_run_with_only_its_base_model(tmp_path):
    text = headline(run_of(tmp_path, rounds=0))
    assert text.startswith("Before training the model answers ")
    assert "thoughts" not in text


def test_a_run_that_found_no_example_still_has_its_base_model(tmp_path):
    run = run_of(tmp_path, accuracy=(0.5, 0.5, 0.5))
    nothing = without_examples(run)
    right = f"{100 * run.rounds[-1].metrics['accuracy']:.1f}"
    assert headline(nothing).startswith(
        "No round found a training example, so the model is still the base model: it answers "
        f"{right} % of 100 held-out questions right. It took"
    )
    assert headline(without_accuracy(nothing)).startswith(
        "No round found a training example, so the model is still the base model."
    )
    later = replace(nothing, rounds=[*nothing.rounds[:-1], run.rounds[-1]])
    assert headline(later).startswith("2 rounds of training")


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
    assert "(95 % interval 60.0 to 80.0, corrected p < 0.001; the questions have no reference answers)" in better
    worse = headline(without_accuracy(run, win_rate=0.3, low=0.2, high=0.4, p_value=0.01))
    assert "2 rounds of training worsened the replies" in worse
    assert "did not measurably change the replies" in headline(without_accuracy(run, win_rate=0.55))
    assert "so there is no accuracy" in headline(without_accuracy(run))


def test_the_win_rate_is_tested_among_all_of_the_run(tmp_path):
    figures = {"win_rate": 0.7, "low": 0.6, "high": 0.8, "p_value": 0.02}
    run = without_accuracy(run_of(tmp_path), **figures)
    assert "improved the replies" in headline(run)
    others = {name: {"win_rate": 0.5, "p_value": 0.9} for name in ("a_vs_b", "c_vs_d")}
    control = {"answers_only": {"round": 2, "win_rates": others}}
    text = headline(replace(run, findings={**run.findings, "controls": control}))
    assert "did not measurably change the replies" in text
    assert "corrected p = 0.060;" in text
