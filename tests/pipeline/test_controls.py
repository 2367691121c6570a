"""A finished run gets training controls by the real command line, is killed among them, and resumes."""

import json
import shutil

import pytest
from killing import kill_when

CONTROL = ("round_2", "controls", "answers_only")


@pytest.fixture(scope="module")
def controlled(finished, new_workplace):
    """A copy of the finished run, killed while a control trained and again before its evaluation, and then finished."""
    place = type(finished)(new_workplace("controlled").folder / "copy")
    shutil.copytree(finished.folder, place.folder)
    place.before = place.tables("base")
    trained = set(place.folder.glob("cache/models/*/_metrics.jsonl"))
    process = place.start("run=base", "rounds=2", "controls=[answers_only]")
    assert kill_when(process, lambda: set(place.folder.glob("cache/models/*/_metrics.jsonl")) - trained)
    process = place.start("run=base", "rounds=2", "controls=[answers_only]")
    assert kill_when(process, place.path("base", *CONTROL, "copies", "4_model", "_done.json").exists)
    place.output = place.run("run=base", "rounds=2", "logger=csv", "controls=[answers_only]")
    return place


@pytest.mark.slow
def test_the_rounds_stay_as_they_were_and_the_controls_are_shown_in_the_run_folder(controlled):
    after = controlled.tables("base")
    assert {name: after[name] for name in controlled.before} == controlled.before
    copies, pairs = (
        sorted(path.name for path in controlled.path("base", *CONTROL, variant).iterdir())
        for variant in ("copies", "pairs")
    )
    assert copies == ["3_examples", "4_model", "5_evaluation.json", "5_replies"]
    assert pairs == ["3_development", *copies]
    examples = controlled.rows("base", *CONTROL, "copies", "3_examples")
    assert len(examples) == sum(len(controlled.rows("base", f"round_{number}", "3_examples")) for number in (1, 2))
    assert all(row["completion"].startswith("<thought></thought>") for row in examples)


@pytest.mark.slow
def test_what_was_finished_when_it_was_killed_is_not_made_again(controlled):
    assert "round 2 training of control answers only, copies" not in controlled.output
    assert "round 2 training of control answers only, pairs" in controlled.output
    assert "round 2 evaluation:" not in controlled.output


@pytest.mark.slow
def test_pairs_take_the_steps_of_the_run_and_keep_the_best_epoch(controlled):
    def facts(*names):
        return json.loads(controlled.path("base", *names, "4_model", "_training.json").read_text())

    run, copies, pairs = facts("round_2"), facts(*CONTROL, "copies"), facts(*CONTROL, "pairs")
    assert run["steps"] == copies["steps"] == pairs["steps"]
    losses = pairs["development_losses"]
    assert losses[str(pairs["kept_step"])] == min(losses.values())
    assert "kept_step" not in copies


@pytest.mark.slow
def test_the_results_begin_with_the_thought_effect(controlled):
    summary = json.loads(controlled.path("base", "summary.json").read_text())
    results = controlled.output.rpartition("thought effect: ")[2]
    assert results.startswith(f"{summary['thought_effect']['points']:+.1f} points [")
    assert "round  accuracy" in results
    assert summary["finished"]["controls"] == ["answers_only"]
    assert "thought_effect_points" in controlled.path("base", "findings.csv").read_text()
    assert "thought effect: " in controlled.path("base", "export", "README.md").read_text()
