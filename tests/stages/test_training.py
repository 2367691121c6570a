import json
from dataclasses import replace

import pytest
from fake_models import CopiedModel, CopyingTraining

from thoughtrank.errors import UserError
from thoughtrank.finetuning.adapters import Lora, NoAdapter
from thoughtrank.finetuning.memory.device_fit import DeviceSettings
from thoughtrank.finetuning.objectives import SupervisedFineTuning
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.strategies import AutoStrategy
from thoughtrank.records import Example
from thoughtrank.stages.round_models import BaseModel
from thoughtrank.stages.training import KeptModel, Training, training_curve

SETTINGS = {
    "weights": "fp32_master",
    "epochs": 2,
    "min_steps": 3,
    "batch_size": 4,
    "micro_batch_size": 2,
    "shuffle": "examples",
    "packing": True,
    "gradient_checkpointing": False,
    "compile": False,
    "max_gradient_norm": 1.0,
    "precision": "auto",
    "seed": 5,
}
AUTO = ("gradient_checkpointing", "micro_batch_tokens")
OPERATIONAL = {"checkpoint_minutes": 7.0, "log_every": 2}


@pytest.fixture
def examples(store, finished):
    def make(*completions):
        rows = [Example(f"q{n}", f"q{n}-000", "prompt", completion) for n, completion in enumerate(completions)]
        return finished("examples", rows, record_type=Example, published=store.paths.examples(1))

    return make


@pytest.fixture
def stage(store, base, examples):
    return Training(
        name="round 1 training",
        published=store.paths.model(1),
        start=base,
        examples=[examples("one"), examples("two")],
        objective=SupervisedFineTuning(),
        optimizer=AdamW(lr=1e-3),
        adapter=NoAdapter(),
        strategy=AutoStrategy(accelerator="cpu"),
        specs={name: {"_target_": name} for name in ("objective", "optimizer", "adapter", "strategy")},
        settings=SETTINGS,
        operational=OPERATIONAL,
        nodes=CopyingTraining(),
    )


def test_the_job_has_the_folders_the_components_and_every_setting(stage, store):
    artifact = store.complete(stage)
    [job] = stage.nodes.jobs
    assert job.model == str(stage.start.folder().absolute())
    assert job.examples == tuple(str(each.folder.absolute()) for each in stage.examples)
    assert job.output == job.work == str(artifact.folder.absolute())
    assert job.description == "round 1 training"
    assert (job.objective, job.strategy) == ({"_target_": "objective"}, {"_target_": "strategy"})
    for key, value in {**SETTINGS, **OPERATIONAL}.items():
        assert getattr(job, key) == value


def test_devices_are_freed_before_the_job_starts(stage, store):
    freed = []
    store.complete(replace(stage, free_devices=lambda: freed.append(len(stage.nodes.jobs))))
    assert freed == [0]


@pytest.mark.parametrize("needed", [True, False])
@pytest.mark.parametrize("automatic", [["gradient_checkpointing"], ["micro_batch_tokens"], list(AUTO)])
def test_the_job_has_what_auto_means_for_the_start_model_and_the_inputs_have_auto(
    stage, store, needed, automatic, capsys
):
    asked = []

    def chosen(folder):
        asked.append(folder)
        return DeviceSettings(gradient_checkpointing=needed, micro_batch_tokens=3840)

    settings = {**SETTINGS, "micro_batch_tokens": 3840, **dict.fromkeys(automatic, "auto")}
    stage = replace(stage, settings=settings, settings_here=chosen)
    assert [stage.inputs()[key] for key in automatic] == ["auto"] * len(automatic)
    store.complete(stage)
    assert asked == [stage.start.folder()]
    [job] = stage.nodes.jobs
    assert (job.gradient_checkpointing, job.micro_batch_tokens) == (needed, 3840)
    assert f"round 1 training: micro-batches of at most 3,840 tokens, with{'' if needed else 'out'} gradient" in (
        capsys.readouterr().out
    )


def test_where_nothing_is_automatic_the_device_is_not_asked(stage, store, capsys):
    def chosen(folder):
        raise AssertionError

    store.complete(replace(stage, settings={**SETTINGS, "micro_batch_tokens": 100}, settings_here=chosen))
    [job] = stage.nodes.jobs
    assert (job.gradient_checkpointing, job.micro_batch_tokens) == (False, 100)
    assert "micro-batches" not in capsys.readouterr().out


def test_what_training_records_are_the_facts_of_its_artifact(stage, store):
    facts = store.complete(stage).facts
    assert (facts["steps"], facts["devices"]) == (3, 1)
    assert (store.paths.model(1) / "model.safetensors").exists()


def test_a_failed_training_leaves_no_finished_model(stage, store, monkeypatch):
    def fails(self, job_file, *, devices):
        raise UserError("training diverged")

    monkeypatch.setattr(CopyingTraining, "train", fails)
    with pytest.raises(UserError, match="training diverged"):
        store.complete(stage)
    assert not store.artifact(stage).done


OTHER = {
    **{"weights": "bf16", "epochs": 3, "min_steps": 4, "batch_size": 8, "micro_batch_size": 1, "shuffle": "questions"},
    **{"packing": False, "gradient_checkpointing": True, "compile": True, "max_gradient_norm": 2.0, "seed": 6},
}


@pytest.mark.parametrize("key", OTHER)
def test_each_setting_changes_the_inputs(stage, key):
    assert replace(stage, settings={**SETTINGS, key: OTHER[key]}).inputs() != stage.inputs()


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": AdamW(lr=2e-3)},
        {"adapter": Lora()},
        {"strategy": AutoStrategy(accelerator="cpu", devices=2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_component_changes_the_inputs(stage, change):
    assert replace(stage, **change).inputs() != stage.inputs()


def test_start_and_examples_change_the_inputs_and_their_order_too(stage, store, tmp_path):
    first, second = stage.examples
    for examples in ([first], [second], [second, first]):
        assert replace(stage, examples=examples).inputs() != stage.inputs()
    other = BaseModel.of(CopiedModel(folder=str(tmp_path)), store=store)
    assert replace(stage, start=other).inputs() != stage.inputs()


def test_no_operational_setting_changes_the_inputs(stage, store):
    for change in (
        {"operational": {"checkpoint_minutes": 0.0, "log_every": 50}},
        {"nodes": CopyingTraining()},
        {"name": "another", "published": store.paths.model(2)},
    ):
        assert replace(stage, **change).inputs() == stage.inputs()


@pytest.mark.parametrize(("has_bf16", "resolved"), [(True, "bf16-mixed"), (False, "32-true")])
def test_precision_auto_is_hashed_as_what_this_machine_makes_of_it(stage, monkeypatch, has_bf16, resolved):
    monkeypatch.setattr("thoughtrank.finetuning.protocols.multiplies_bf16", lambda: has_bf16)
    assert stage.inputs()["precision"] == resolved
    stated = replace(stage, settings={**SETTINGS, "precision": resolved})
    assert stated.inputs() == stage.inputs()


def test_a_kept_model_is_a_copy_without_the_files_of_its_making(store, base):
    kept = KeptModel(name="round 1 training", published=store.paths.model(1), start=base)
    artifact = store.complete(kept)
    assert artifact.facts["kept"] is True
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (artifact.published / name).read_bytes() == (base.folder() / name).read_bytes()
    assert kept.inputs() == {"kept": base.key}


def test_the_curve_has_each_step_once_as_the_resumed_training_logged_it(tmp_path):
    assert training_curve(tmp_path) == []
    rows = [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}, {"step": 2, "loss": 2.5}, {"step": 3, "loss": 1.0}]
    (tmp_path / "_metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert training_curve(tmp_path) == [rows[0], rows[2], rows[3]]


def test_a_line_that_a_full_disk_tore_is_left_out_of_the_curve(tmp_path):
    (tmp_path / "_metrics.jsonl").write_text('{"step": 1, "loss": 3.0}\n{"step": 2, "lo{"step": 3, "loss": 1.0}\n{"st')
    assert training_curve(tmp_path) == [{"step": 1, "loss": 3.0}]
