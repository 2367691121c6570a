"""What a run does before its first attempt: its name, faults, the plan, and machines that only train."""

import re

import pytest
from finishing_pipeline import replace_pipeline
from small_run import small_values

from thoughtrank.errors import UserError
from thoughtrank.run import do_run, run_paths


@pytest.fixture
def values(tiny_folder, tmp_path):
    return small_values(model_folder=tiny_folder, workplace=tmp_path)


@pytest.fixture
def pipeline_calls(monkeypatch):
    return replace_pipeline(monkeypatch)


def test_a_dry_run_shows_the_plan_and_writes_nothing(values, pipeline_calls, capsys, tmp_path):
    assert do_run({**values, "dry_run": True}, choices={}) is None
    assert "9 candidates per round" in capsys.readouterr().out
    assert pipeline_calls == []
    assert list(tmp_path.iterdir()) == []


def test_the_plan_has_the_name_of_the_run_as_it_was_given(values, pipeline_calls, capsys):
    do_run({**values, "run": "study/mine", "dry_run": True}, choices={})
    assert "run study/mine: " in capsys.readouterr().out


def test_faults_are_reported_before_anything_is_written(values, pipeline_calls, tmp_path):
    with pytest.raises(UserError) as caught:
        do_run({**values, "selection": {**values["selection"], "k": 0}}, choices={})
    assert ["selection.k=0" in fault for fault in caught.value.faults] == [True]
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_a_run_is_given_or_made_of_its_choices(values, tmp_path):
    assert run_paths(values, choices={}).folder == tmp_path / "runs" / "mine"
    unnamed = run_paths({**values, "run": None}, choices={"model": "tiny", "judge": "fake"}).folder
    assert re.fullmatch(r"tiny-fake-[0-9a-f]{6}", unnamed.name)


@pytest.mark.parametrize("value", [None, 3])
def test_a_folder_of_runs_that_is_none_is_a_plain_fault(values, value):
    with pytest.raises(UserError, match=f"runs_dir: give the path of a folder, not {value}"):
        run_paths({**values, "runs_dir": value}, choices={})


def test_a_machine_that_only_trains_follows_and_starts_no_run(values, pipeline_calls, monkeypatch, tmp_path):
    from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
    from thoughtrank.finetuning.distributed.rendezvous import Rendezvous

    followed = []
    monkeypatch.setattr(Rendezvous, "find", lambda environment, num_nodes: Rendezvous(node_rank=1, num_nodes=2))
    monkeypatch.setattr(MultiNodeTraining, "_connect", lambda self: None)
    monkeypatch.setattr(MultiNodeTraining, "follow", lambda self, devices: followed.append(devices))
    assert do_run(values, choices={}) is None
    assert (followed, pipeline_calls) == ([1], [])
    assert list(tmp_path.iterdir()) == []
