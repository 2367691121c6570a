"""The comparisons of a small run whose questions have no reference answers, by a judge without a model."""

import json

import pytest
from composing import composed
from fake_models import CopyingTraining
from small_run import SMALL, small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.judging.execution.budget import Budget
from thoughtrank.pipeline import run_pipeline
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.totals import total_cost
from thoughtrank.rounds.run_results import finished_settings
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.tables import num_rows


@pytest.fixture
def run(store, tiny_folder, tmp_path):
    def write_questions(with_answer):
        rows = [{"question": f"Why does the number {number} please you?"} for number in range(20)]
        rows = [{**row, "answer": "3"} if number in with_answer else row for number, row in enumerate(rows)]
        (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))

    small = [each for each in SMALL if not each.startswith("questions.")]
    of_file = [f"questions.path={tmp_path}/questions.jsonl", "questions.train_per_round=3", "questions.held_out=4"]
    questions = composed(*small, "questions=file", *of_file)["questions"]

    def start(
        *,
        win_rates="auto",
        rounds=2,
        arms=("thought", "answer_at_once", "room_to_reason"),
        with_answer=(),
        **top_level,
    ):
        write_questions(with_answer)
        values = small_values(
            model_folder=tiny_folder, workplace=tmp_path, questions=questions, rounds=rounds, **top_level
        )
        values["evaluation"] = {**values["evaluation"], "win_rates": win_rates, "arms": list(arms)}
        config = load_config(values)
        store.paths.folder.mkdir(parents=True, exist_ok=True)
        return run_pipeline(
            config=config, components=make_components(config), store=store, nodes=CopyingTraining(), values=values
        )

    return start


def test_every_round_has_its_comparisons_in_the_summary_and_in_its_folder(run, store):
    rounds = run()["rounds"]
    assert [list(each["win_rates"]) for each in rounds] == [
        ["thought_vs_room_to_reason"],
        ["thought_vs_round_0"],
        ["thought_vs_round_0", "room_to_reason_vs_round_0", "thought_vs_room_to_reason"],
    ]
    for number, entry in enumerate(rounds):
        for name, figures in entry["win_rates"].items():
            assert num_rows(store.paths.win_rates(number, name)) == figures["n"] == 4
    # The models are copies: equal replies tie.
    assert rounds[1]["win_rates"]["thought_vs_round_0"]["win_rate"] == 0.5
    assert rounds[1]["accuracy"] is None


def test_without_them_nothing_is_compared_and_a_finished_run_compares_when_asked_to(run, store):
    first = run(win_rates="none")
    assert [each["win_rates"] for each in first["rounds"]] == [{}, {}, {}]
    assert not store.paths.win_rates(2, "thought_vs_round_0").exists()
    assert run()["rounds"][2]["win_rates"]["thought_vs_round_0"]["n"] == 4


def test_more_rounds_keep_the_comparisons_of_the_round_that_was_last(run, store):
    run(rounds=1)
    kept = store.paths.win_rates(1, "room_to_reason_vs_round_0")
    assert kept.exists()
    rounds = run(rounds=2)["rounds"]
    assert list(rounds[1]["win_rates"]) == ["thought_vs_round_0"]
    assert len(rounds[2]["win_rates"]) == 3
    assert kept.exists()


def test_what_is_asked_for_is_part_of_what_a_run_was_finished_with(tiny_folder, tmp_path):
    values = small_values(model_folder=tiny_folder, workplace=tmp_path)
    assert finished_settings(load_config(values))["win_rates"] == "auto"


def test_other_test_questions_may_be_compared_later_where_only_some_have_a_reference(run, store):
    def compared(win_rates):
        entries = run(win_rates=win_rates, with_answer=range(10))["rounds"]
        return [figures["n"] for entry in entries for figures in entry["win_rates"].values()]

    few = compared("auto")
    assert 0 < few[0] < 4
    assert compared("all") == [4] * 5
    assert compared("auto") == few
    assert compared("none") == []
    assert compared("all") == [4] * 5


CONTROLS = ["answers_only", "random_candidates"]


def test_the_replies_of_controls_are_compared_in_their_own_arms(run, store):
    controls = run(controls=CONTROLS)["controls"]
    found = {
        ("answers_only", variant): figures["win_rates"]
        for variant, figures in controls["answers_only"]["variants"].items()
    }
    found["random_candidates",] = controls["random_candidates"]["win_rates"]
    last = ["thought_vs_round_0", "room_to_reason_vs_round_0", "thought_vs_room_to_reason"]
    assert {names: list(each) for names, each in found.items()} == {
        ("answers_only", "copies"): last,
        ("answers_only", "pairs"): last,
        ("random_candidates",): ["thought_vs_round_0"],
    }
    for names, compared in found.items():
        for name, figures in compared.items():
            folder = store.paths.control(2, *names).win_rates(name)
            assert num_rows(folder) == figures["n"] == 4
            assert {"length_controlled", "ties", "judge_cost"} <= figures.keys()
        # The models are copies: equal replies tie.
        assert compared["thought_vs_round_0"]["win_rate"] == 0.5


@pytest.fixture
def _each_costs_a_quarter(monkeypatch):
    """Every comparison costs $0.25."""
    original = Artifact.finish

    def paid(self, **facts):
        cost = {"judge_cost": 0.25} if "win_rate" in facts else {}
        original(self, **{**facts, **cost})

    monkeypatch.setattr(Artifact, "finish", paid)


@pytest.mark.usefixtures("_each_costs_a_quarter")
@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"rounds": 1}, {"rounds": 2}),
        ({"controls": ["random_candidates"]}, {"controls": []}),
        ({}, {"win_rates": "none"}),
    ],
    ids=["more rounds", "fewer controls", "no win rates"],
)
def test_what_the_run_no_longer_asks_for_counts_against_the_budget_and_in_the_report(
    run, store, monkeypatch, before, now
):
    run(**before)
    spent = 0.25 * len(list(store.paths.folder.rglob("5_win_rates/*/_done.json")))
    assert spent
    added = []
    monkeypatch.setattr(Budget, "add", lambda self, dollars: added.append(dollars))
    run(**now)
    assert added[0] == spent, "at the start"
    assert sum(added) == spent
    everything = 0.25 * len(list(store.paths.folder.rglob("5_win_rates/*/_done.json")))
    assert total_cost(read_run(store.paths.folder)) == everything


@pytest.mark.usefixtures("_each_costs_a_quarter")
def test_what_controls_cost_counts_against_the_budget_and_in_their_entries(run, store, monkeypatch):
    variants = run(controls=CONTROLS)["controls"]["answers_only"]["variants"]
    assert [each["judge_cost"] for each in variants.values()] == [0.75, 0.75]
    added = []
    monkeypatch.setattr(Budget, "add", lambda self, dollars: added.append(dollars))
    assert run(controls=CONTROLS)["controls"]["answers_only"]["variants"] == variants
    # Five comparisons of rounds, and seven of controls.
    assert sum(added) == 12 * 0.25


def test_without_win_rates_controls_are_not_compared(run, store):
    entry = run(win_rates="none", controls=["random_candidates"])["controls"]["random_candidates"]
    assert (entry["win_rates"], entry["judge_cost"]) == ({}, 0.0)
    assert not store.paths.control(2, "random_candidates").win_rates("").exists()
