import json
import shutil
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from thoughtrank.config.components import make_components
from thoughtrank.config.preflight import config_faults, preflight
from thoughtrank.config.schema import load_config
from thoughtrank.data.import_candidates import import_files
from thoughtrank.errors import UserError
from thoughtrank.finetuning.adapters import Lora
from thoughtrank.finetuning.compatibility import training_faults
from thoughtrank.finetuning.protocols import Strategy
from thoughtrank.instantiate import make_component
from thoughtrank.run import do_run

CONF = Path(__file__).parents[2] / "conf"


class Sharding(Strategy):
    """A strategy that supports nothing but what the base class does."""

    name = "sharding"

    def trainer_arguments(self):
        return {}


MUON = {"_target_": "thoughtrank.finetuning.optimizers.muon.Muon", "lr": 1e-3}


def composed(*overrides):
    """The config of a small run that is otherwise in order."""
    small = ["model=tiny", "logger=none", "rounds=1", "questions.train_per_round=8", "questions.held_out=2"]
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        return OmegaConf.to_container(compose("config", overrides=[*small, *overrides]), resolve=True)


def faults_of(*overrides):
    """What preflight says about it."""
    config = load_config(composed(*overrides))
    parts = make_components(config)
    try:
        preflight(config, parts)
    except UserError as error:
        return list(error.faults)
    return []


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def unanswered(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps({"question": f"Question {number}?"}) + "\n" for number in range(20)))
    return f"questions.path={path}"


def test_a_run_in_order_has_no_faults():
    assert faults_of() == []


def test_a_missing_key_is_named_by_its_variable():
    [fault] = faults_of("judge=gpt4")
    assert "OPENAI_API_KEY" in fault


def test_a_batch_that_does_not_divide_into_micro_batches_names_both():
    [fault] = faults_of("training.batch_size=8", "training.micro_batch_size=3")
    assert "training.batch_size=8" in fault
    assert "training.micro_batch_size=3" in fault


@pytest.mark.parametrize(
    ("overrides", "clues"),
    [
        (["optimizer=adafactor", "training.weights=bf16_kahan"], ["optimizer=adafactor", "fp32_master or bf16"]),
        (["training.weights=bf16", "training.precision=32-true"], ["training.precision=auto"]),
        (["optimizer=deepspeed_cpu_adam", "strategy.accelerator=cuda"], ["main memory", "strategy=auto"]),
    ],
)
def test_weights_optimizer_strategy_and_precision_that_do_not_fit_are_told(overrides, clues, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    [fault] = faults_of(*overrides)
    assert all(clue in fault for clue in clues)


def test_weights_in_eight_bits_need_cuda():
    faults = faults_of("optimizer=adamw_8bit")
    assert "CUDA device" in faults[-1]


def test_compiling_without_a_compiler_is_told(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)
    [fault] = faults_of("training.compile=true")
    assert "training.compile=true needs a C++ compiler" in fault
    assert faults_of() == []


def test_fsdp_without_cuda_is_told_before_anything_loads(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    [fault] = faults_of("strategy=fsdp")
    assert "strategy=fsdp needs CUDA devices" in fault
    assert faults_of("strategy=fsdp", "strategy.accelerator=cpu", "strategy.devices=2") == []


def test_a_strategy_that_hands_out_shards_names_what_it_cannot_do():
    strategy = Sharding()
    faults = training_faults(
        weights="bf16",
        precision="auto",
        optimizer=make_component(MUON, where="optimizer"),
        adapter=Lora(),
        strategy=strategy,
    )
    assert ["strategy=sharding" in fault for fault in faults] == [True, True, True]
    assert "training.weights=fp32_master" in faults[0]
    assert "rows and columns" in faults[1]
    assert "adapter=lora" in faults[2]


def test_a_context_too_small_for_thought_and_answer_is_told():
    [fault] = faults_of("model.context=104", "generation.thought_tokens=64", "generation.answer_tokens=40")
    assert "104" in fault
    assert "context" in fault
    assert faults_of("model.context=4096", "generation.thought_tokens=64", "generation.answer_tokens=40") == []


def test_a_missing_file_is_named(tmp_path):
    [fault] = faults_of("questions=file", f"questions.path={tmp_path}/nothing.jsonl")
    assert f"{tmp_path}/nothing.jsonl" in fault


def test_a_judge_that_needs_references_does_not_take_questions_without(unanswered):
    [fault] = faults_of("questions=file", unanswered, "judge=reference")
    assert "8 of the first round's questions have none" in fault
    assert faults_of("questions=file", unanswered, "judge=fake") == []


def test_too_few_questions_for_all_rounds_are_told(unanswered):
    assert faults_of("questions=file", unanswered, "judge=fake", "rounds=2") == []
    [fault] = faults_of("questions=file", unanswered, "judge=fake", "rounds=3")
    assert "26 are asked for" in fault


def test_a_model_that_does_not_fit_the_disk_is_told():
    [fault] = faults_of("model.hidden_size=16777216")
    assert "GB" in fault
    assert "cache_dir" in fault


def test_a_model_that_is_not_there_is_named(tmp_path):
    [fault] = faults_of("model=smollm2_135m_q4", f"model.name={tmp_path}/nothing")
    assert f"{tmp_path}/nothing" in fault


def test_faults_of_different_groups_are_told_at_once(tmp_path):
    faults = faults_of(
        *(
            "judge=gpt4",
            "selection.k=0",
            "training.micro_batch_size=3",
            "prefixes=literal",
            "prefixes.literal.values=[]",
        ),
        *("questions=file", f"questions.path={tmp_path}/nothing.jsonl"),
    )
    for clue in ("OPENAI_API_KEY", "selection.k=0", "micro_batch_size=3", "prefixes", "nothing.jsonl"):
        assert sum(clue in fault for fault in faults) == 1, clue
    assert len(faults) == 5


def test_a_context_too_small_is_not_hidden_behind_other_faults():
    faults = faults_of("judge=gpt4", "training.micro_batch_size=3", "model.context=50")
    for clue in ("OPENAI_API_KEY", "micro_batch_size=3", "context of 50 tokens"):
        assert sum(clue in fault for fault in faults) == 1, clue


def test_missing_references_are_not_hidden_behind_other_faults(unanswered):
    faults = faults_of("questions=file", unanswered, "judge=reference", "training.micro_batch_size=3")
    for clue in ("reference answer", "micro_batch_size=3"):
        assert sum(clue in fault for fault in faults) == 1, clue


def test_first_tokens_need_an_engine_that_can_choose_them():
    served = ("engine=openai", "engine.base_urls=[http://127.0.0.1:1/v1]")
    assert faults_of(*served) == []
    assert faults_of("prefixes=first_tokens") == []
    [fault] = faults_of(*served, "prefixes=first_tokens")
    assert "engine=transformers" in fault


def test_a_dry_run_tells_the_plan_and_then_what_the_machine_lacks_for_it(tmp_path, capsys):
    lacking = ("judge=gpt4", "questions=gsm8k", f"questions.name={tmp_path}/nothing", "dry_run=true")
    with pytest.raises(UserError) as caught:
        do_run(composed(*lacking), choices={})
    for clue in ("OPENAI_API_KEY", f"{tmp_path}/nothing"):
        assert sum(clue in fault for fault in caught.value.faults) == 1, clue
    plan = capsys.readouterr().out
    assert "8 questions x 62 prefixes = 496 candidates" in plan
    assert "2 held-out questions" in plan


def test_a_dry_run_of_a_model_that_is_not_there_has_no_plan(tmp_path, capsys):
    with pytest.raises(UserError, match="nothing"):
        do_run(composed("model=smollm2_135m_q4", f"model.name={tmp_path}/nothing", "dry_run=true"), choices={})
    assert capsys.readouterr().out == ""


def test_imported_candidates_that_cannot_be_ranked_are_told(tmp_path):
    [fault] = faults_of(f"candidates={tmp_path}")
    assert "is no folder of imported candidates" in fault
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"question": "Question 1?", "reference": 1, "thought": "t", "answer": "a"}')
    import_files(files=[rows], folder=tmp_path)
    assert faults_of(f"candidates={tmp_path}") == []
    rows.write_text('{"question": "Question 1?", "thought": "t", "answer": "a"}')
    import_files(files=[rows], folder=tmp_path)
    [fault] = faults_of(f"candidates={tmp_path}")
    assert "1 of the first round's questions have none" in fault
    held_out = ["questions=file", f"questions.path={tmp_path}/questions.jsonl", "questions.held_out=1"]
    [fault] = faults_of(f"candidates={tmp_path}", *held_out)
    assert "all of its questions are held out" in fault
    [fault, _] = faults_of(f"candidates={tmp_path}", "questions=reasoning_gym")
    assert "scores answers to its own questions only" in fault


def test_the_best_round_can_only_be_chosen_with_development_questions():
    assert faults_of("export.which=best", "questions.development=5") == []
    assert faults_of("export.which=last", "questions.development=0") == []
    [fault] = faults_of("export.which=best", "questions.development=0")
    assert "set questions.development, such as questions.development=200, or export.which=last" in fault


@pytest.mark.parametrize("setting", ["selection.thoughts=gain", "selection.min_gain=3", "selection.skip_known=true"])
def test_gains_need_an_engine_that_scores(setting):
    served = ["engine=openai", "engine.base_urls=[http://localhost:1/v1]"]
    assert faults_of(*served) == []
    [fault] = faults_of(*served, setting)
    assert "need an engine that scores answers" in fault
    assert "engine.scores=true" in fault
    assert faults_of(*served, setting, "engine.scores=true") == []
    assert faults_of(setting) == []


def test_faults_of_the_schema_and_of_constructors_hide_no_fault_of_how_the_other_parts_fit(tmp_path):
    (tmp_path / "file").touch()
    values = composed(
        *("training.batch_size=8", "training.micro_batch_size=3"),
        *("model.context=104", "generation.thought_tokens=64", "generation.answer_tokens=40"),
        f"runs_dir={tmp_path}/file",
        f"cache_dir={tmp_path}/file",
    )
    values |= {"run": "../outside", "rounds": 0}
    values["training"] |= {"epochs": 0, "max_gradient_norm": float("nan")}
    values["optimizer"]["momentum"] = 1
    values["selection"]["k"] = 0
    faults = config_faults(values)
    clues = (
        "run: ",
        "rounds: ",
        "training.epochs: ",
        "training.max_gradient_norm: ",
        "optimizer.momentum: ",
        "selection.k=0",
    )
    clues += ("training.batch_size=8 is", "context of 104", "runs_dir=", "cache_dir=")
    assert {clue: sum(clue in fault for fault in faults) for clue in clues} == dict.fromkeys(clues, 1)
    assert len(faults) == len(clues)


@pytest.mark.parametrize(
    "key", ["training.batch_size", "strategy", "training", "model", "generation", "judge", "questions"]
)
def test_what_needs_a_faulty_key_is_not_checked(key):
    values = composed()
    group, _, inner = key.partition(".")
    if inner:
        values[group][inner] = "many"
    else:
        values[group] = 3
    faults = config_faults(values)
    assert faults
    assert all(fault.startswith(key) for fault in faults), faults


def test_a_full_disk_is_reported_beside_a_fault_of_the_schema(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(10, 10, 0))
    values = {**composed(), "keep": "all", "runs_dir": str(tmp_path), "cache_dir": str(tmp_path)}
    values["export"]["which"] = "none of these"
    faults = config_faults(values)
    assert any("export.which" in fault for fault in faults)
    assert any("GB free" in fault for fault in faults)
