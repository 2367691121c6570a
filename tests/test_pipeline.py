"""The order of a run's stages, what a second attempt repeats, and how a run ends early."""

import json
import re
import shutil

import pytest
from composing import composed
from fake_engine import FakeEngine
from fake_models import CopyingTraining
from fake_vllm import fake_python
from small_run import SMALL
from whole_run import ROUND, WHOLE, recorded_workplace

from thoughtrank.errors import UserError
from thoughtrank.storage.json_files import read_json


@pytest.fixture
def workplace(tmp_path, tiny_folder, monkeypatch):
    return recorded_workplace(tmp_path, model_folder=tiny_folder, monkeypatch=monkeypatch)


def test_every_stage_of_every_round_runs_once_in_order_and_the_summary_is_written_last(workplace):
    summary = workplace.run()
    assert workplace.made == WHOLE
    assert summary == read_json(workplace.store.paths.summary)
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1, 2]
    assert [entry["n"] for entry in summary["rounds"]] == [3, 3, 3]
    assert (summary["run"], summary["exported_round"]) == ("mine", 2)
    for number in range(3):
        assert read_json(workplace.store.paths.evaluation(number))["round"] == number


def test_a_second_attempt_repeats_nothing(workplace):
    first = workplace.run()
    again = workplace.run()
    assert workplace.made == []
    assert again == first


def test_the_engine_frees_the_devices_before_every_training_and_at_the_end(workplace, monkeypatch):
    freed = []
    monkeypatch.setattr(FakeEngine, "release", lambda self: freed.append(workplace.made[-1]))
    workplace.run()
    assert freed == ["round 1 training", "round 2 training", WHOLE[-1]]


def test_the_engine_frees_the_devices_after_a_failure_too(workplace, monkeypatch):
    freed = []

    def fails(self, model_folder, *, work_folder=None):
        raise UserError("no memory")

    monkeypatch.setattr(FakeEngine, "open", fails)
    monkeypatch.setattr(FakeEngine, "release", lambda self: freed.append(self))
    with pytest.raises(UserError, match="no memory"):
        workplace.run()
    assert len(freed) == 1


@pytest.mark.parametrize("stage", ROUND[:-1])
def test_stop_after_ends_the_first_unfinished_round_after_that_stage(workplace, stage):
    assert workplace.run(stop_after=stage) is None
    assert workplace.made == WHOLE[: WHOLE.index(f"round 1 {stage}") + 1]
    assert not workplace.store.paths.summary.exists()
    assert workplace.run() is not None
    assert workplace.made == WHOLE[WHOLE.index(f"round 1 {stage}") + 1 :]


def test_stop_after_gains_ends_the_round_after_the_gains_and_the_selection_uses_them(workplace):
    engine = {"_target_": "fake_engine.ScoringEngine"}
    assert workplace.run(stop_after="gains", engine=engine) is None
    assert workplace.made == ["round 0 evaluation", "round 1 generation", "round 1 ranking", "round 1 gains"]
    assert workplace.run(engine=engine) is not None
    assert workplace.made[0] == "round 1 selection"


def test_stop_after_does_not_stop_at_a_finished_round(workplace):
    workplace.run(rounds=1)
    assert workplace.run(stop_after="ranking") is None
    assert workplace.made == ["round 2 generation", "round 2 ranking"]


def test_more_rounds_run_only_what_is_missing_and_export_again(workplace):
    workplace.run(rounds=1)
    summary = workplace.run(rounds=2)
    assert workplace.made == [*WHOLE[6:11], "export"]
    assert summary["exported_round"] == 2


def test_a_run_needs_no_cache_to_be_extended(workplace):
    workplace.run(rounds=1)
    shutil.rmtree(workplace.store.cache_folder)
    workplace.run(rounds=2)
    assert workplace.made == [*WHOLE[6:11], "export"]


def test_the_logger_is_finished_also_after_an_error(workplace, monkeypatch):
    def fails(self, job_file, *, devices):
        raise RuntimeError("no memory")

    monkeypatch.setattr(CopyingTraining, "train", fails)
    with pytest.raises(RuntimeError, match="no memory"):
        workplace.run()
    assert workplace.logger.events[-1] == ("finish",)


def test_vllm_is_started_once_per_model_for_its_evaluation_and_the_next_generation(workplace, tmp_path, capsys):
    engine = {"_target_": "thoughtrank.engines.vllm.VLLMEngine", "python": str(fake_python(tmp_path))}
    selection = {**composed(*SMALL)["selection"], "allow_truncated": True, "thoughts": "hash"}
    workplace.run(engine=engine, selection=selection)
    assert workplace.made == WHOLE
    assert capsys.readouterr().out.count("vLLM is ready") == 3
    logs = [path.read_text() for path in (tmp_path / "cache" / "evaluations").glob("*/_vllm.log")]
    # For the longest sequence of the run instead of the model's own limit of 4096 tokens.
    [tokens] = {int(re.search(r"--max-model-len (\d+)", log)[1]) for log in logs}
    asked = [json.loads(text) for log in logs for text in re.findall(r"^request (.*)$", log, flags=re.MULTILINE)]
    longest = max(len(request["prompt"]) + request["max_tokens"] for request in asked)
    assert len(logs) == 3
    assert longest <= tokens < 2 * longest
