"""What each round of a run leaves in the run folder, and what loggers get."""

import pytest
from whole_run import recorded_workplace

from thoughtrank.storage.json_files import read_json


@pytest.fixture
def workplace(tmp_path, tiny_folder, monkeypatch):
    return recorded_workplace(tmp_path, model_folder=tiny_folder, monkeypatch=monkeypatch)


def test_where_the_last_round_is_exported_nobody_asks_the_development_questions(workplace):
    summary = workplace.run()
    assert not any(name.endswith("development") for name in workplace.made)
    assert "development_accuracy" not in summary["rounds"][0]


def test_every_round_has_the_chance_level_of_its_questions(workplace):
    summary = workplace.run()
    levels = [entry["chance"] for entry in summary["rounds"]]
    assert levels[0]["n"] == summary["rounds"][0]["arms"]["answer_at_once"]["n"]
    assert 1 / levels[0]["n"] <= levels[0]["accuracy"] <= 1
    assert levels == [levels[0]] * len(levels)
    assert read_json(workplace.store.paths.evaluation(1))["chance"] == levels[1]


def test_the_logger_hears_of_every_round_and_is_finished(workplace):
    workplace.run()
    rounds = [("prefixes", "training", "outputs") if number else () for number in range(3)]
    kinds = ["start", *(kind for each in rounds for kind in ("round", *each)), "finish"]
    assert [event[0] for event in workplace.logger.events] == kinds
    assert workplace.logger.events[0] == ("start", "mine", "s")
    assert ("prefixes", 1, ["a", "b", "c"]) in workplace.logger.events
    assert [event[1] for event in workplace.logger.events if event[0] == "outputs"][1] == {
        ("candidates", 2): [("model", 1)],
        ("rankings", 2): [("candidates", 2)],
        ("examples", 2): [("candidates", 2), ("rankings", 2)],
        ("model", 2): [("examples", 1), ("examples", 2)],
    }
