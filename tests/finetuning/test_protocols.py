"""What holds for every component of fine-tuning: its identity, and how ``auto`` is resolved in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from thoughtrank.finetuning import protocols
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.protocols import Objective, Optimizer, Strategy
from thoughtrank.finetuning.strategies import AutoStrategy, DDPStrategy, DeepSpeedStrategy
from thoughtrank.instantiate import make_component

CONF = Path(__file__).parents[2] / "conf"
FILES = [
    path for group in ("objective", "optimizer", "adapter", "strategy") for path in sorted((CONF / group).iterdir())
]
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}={path.stem}")


def made(path):
    return make_component(yaml.safe_load(path.read_text()), where=path.parent.name)


def test_the_components_are_found():
    assert len(FILES) >= 15


@EVERY_FILE
def test_raising_the_version_changes_the_identity(path, monkeypatch):
    component = made(path)
    before = component.identity()
    assert json.loads(json.dumps(before)) == before
    monkeypatch.setattr(type(component), "version", component.version + 1)
    assert component.identity() != before


@EVERY_FILE
def test_the_identity_holds_nothing_that_has_to_be_resolved_on_a_machine(path):
    assert "auto" not in made(path).identity().values()


@pytest.mark.parametrize(("cuda", "kind"), [(True, "cuda"), (False, "cpu")])
def test_auto_has_the_identity_of_the_device_it_finds(cuda, kind, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for made_here in (AutoStrategy, DDPStrategy):
        assert made_here().identity() == made_here(accelerator=kind).identity()
        assert made_here().identity()["accelerator"] == kind


def test_the_identity_counts_processes_however_they_are_spread_over_machines():
    spread = [DDPStrategy(accelerator="cpu", devices=devices, num_nodes=8 // devices) for devices in (2, 8)]
    assert spread[0].identity() == spread[1].identity()
    assert spread[0].identity() != DDPStrategy(accelerator="cpu", devices=4).identity()


def test_torch_is_loaded_only_where_the_machine_has_to_be_asked():
    program = (
        "import sys; from thoughtrank.finetuning.strategies import DeepSpeedStrategy;"
        "strategy = DeepSpeedStrategy(stage=2, accelerator='cpu', devices=2);"
        "strategy.identity(), strategy.faults(), strategy.resolve_precision('auto', weights='fp32_master');"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("kind", "multiplies_bf16", "expected"),
    [
        ("cuda", False, "bf16-mixed"),
        ("cpu", True, "bf16-mixed"),
        ("cpu", False, "32-true"),
        ("mps", True, "32-true"),
    ],
)
def test_auto_precision_is_bf16_where_the_device_that_trains_has_it(kind, multiplies_bf16, expected, monkeypatch):
    # A CUDA device that the strategy does not use must not matter.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(protocols, "multiplies_bf16", lambda: multiplies_bf16)
    assert AutoStrategy(accelerator=kind).resolve_precision("auto", weights="fp32_master") == expected


def test_a_precision_that_is_asked_for_is_taken():
    strategy = AutoStrategy(accelerator="cpu")
    for precision in ("32-true", "bf16-mixed"):
        assert strategy.resolve_precision(precision, weights="fp32_master") == precision


def test_bf16_weights_are_computed_with_as_they_are():
    assert AutoStrategy(accelerator="cuda").resolve_precision("auto", weights="bf16_kahan") == "32-true"


def test_deepspeed_has_bf16_weights_unless_float32_is_asked_for():
    strategy = DeepSpeedStrategy(stage=1, accelerator="cpu")
    found = [strategy.resolve_precision(each, weights="fp32_master") for each in ("auto", "bf16-mixed", "32-true")]
    assert found == ["bf16-true", "bf16-true", "32-true"]


def test_a_component_is_named_after_its_class_unless_it_has_a_name():
    class Sgd(Optimizer):
        def build(self, model, *, steps, weights):
            raise NotImplementedError

    class Renamed(AdamW):
        name = "my_adamw"

    assert (Sgd.name, Renamed.name, AdamW.name) == ("Sgd", "my_adamw", "adamw")
    assert Sgd().state_bytes({"matrix": (2, 2)}, weights="bf16", embeddings=frozenset()) is None


def test_a_class_without_what_training_calls_cannot_be_constructed():
    class NoLoss(Objective):
        pass

    with pytest.raises(TypeError, match="loss"):
        NoLoss()


def test_a_strategy_of_ones_own_needs_only_the_trainers_arguments():
    class SecondGpu(Strategy):
        accelerator = "cuda"

        def trainer_arguments(self):
            return {"accelerator": "cuda", "devices": [1]}

    strategy = SecondGpu()
    assert (strategy.world_size, strategy.optimizer_on_cpu, strategy.faults()) == (1, False, [])
    assert strategy.identity() == {"component": "SecondGpu", "version": 1, "accelerator": "cuda", "world_size": 1}
