from types import SimpleNamespace

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.resolved import missing_devices, read_resolved, resolve, with_resolved, write_resolved
from thoughtrank.config.schema import load_config
from thoughtrank.errors import UserError

CPU_SIZES = {"questions_per_group": 8, "replies_per_group": 256, "token_budget": 65536}
CPU_WITH_BF16 = {
    "engine": {"device": "cpu", "dtype": "bfloat16", "linear_kernel": "packed", **CPU_SIZES},
    "strategy": {"accelerator": "cpu"},
    "training": {"precision": "bf16-mixed"},
}


@pytest.fixture
def processor(monkeypatch):
    """Makes this machine one with or without bfloat16 instructions, and one with or without a GPU."""

    def make(*, bf16=False, cuda=False):
        for module in ("thoughtrank.engines.transformers", "thoughtrank.finetuning.protocols"):
            monkeypatch.setattr(f"{module}.multiplies_bf16", lambda: bf16)
        monkeypatch.setattr("thoughtrank.engines.transformers.is_amd_processor", lambda: False)
        monkeypatch.setattr("torch.ops.mkldnn._is_mkldnn_bf16_supported", lambda: True)
        monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
        card = SimpleNamespace(total_memory=85_000_000_000)
        monkeypatch.setattr("torch.cuda.get_device_properties", lambda _: card)
        monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)

    return make


def resolved(values):
    config = load_config(values)
    return resolve(config, make_components(config))


def test_auto_is_resolved_on_the_machine(processor):
    values = composed()
    processor(bf16=True)
    assert resolved(values) == CPU_WITH_BF16
    processor(bf16=False)
    assert resolved(values)["engine"] == {"device": "cpu", "dtype": "float32", "linear_kernel": "plain", **CPU_SIZES}
    assert resolved(values)["training"] == {"precision": "32-true"}
    processor(cuda=True)
    assert resolved(values) == {
        "engine": {
            "device": "cuda",
            "dtype": "bfloat16",
            "linear_kernel": "plain",
            "questions_per_group": 64,
            "replies_per_group": 4096,
            "token_budget": "76GB",
        },
        "strategy": {"accelerator": "cuda"},
        "training": {"precision": "bf16-mixed"},
    }


def test_a_run_keeps_its_fingerprints_on_another_processor(processor):
    values = composed()
    processor(bf16=True)
    before = make_components(load_config(values))
    identities = [before.engine.identity(), before.strategy.identity()]
    processor(bf16=False)
    used = with_resolved(values, CPU_WITH_BF16)
    after = make_components(load_config(used))
    assert [after.engine.identity(), after.strategy.identity()] == identities
    assert resolved(used) == CPU_WITH_BF16
    assert values["engine"]["dtype"] == "auto"


def test_a_run_keeps_its_groups_and_its_budget_on_another_device(processor):
    """So a group that is decoded again is decoded with the same branches."""
    values = composed("engine.device=cuda", "engine.questions_per_group=32")
    processor(cuda=True)
    started = resolved(values)
    processor()
    engine = make_components(load_config(with_resolved(composed("engine.questions_per_group=32"), started))).engine
    assert (engine.questions_per_group, engine.replies_per_group, engine.token_budget) == (32, 4096, "76GB")


def test_settings_that_are_given_stay():
    values = composed("engine.dtype=float32", "training.precision=32-true")
    used = with_resolved(values, CPU_WITH_BF16)
    assert (used["engine"]["dtype"], used["engine"]["device"]) == ("float32", "cpu")
    assert used["training"]["precision"] == "32-true"


def test_settings_that_are_left_out_are_given_to_a_constructor_that_takes_them():
    values = composed()
    del values["engine"]["dtype"]
    assert with_resolved(values, CPU_WITH_BF16)["engine"]["dtype"] == "bfloat16"
    values["engine"] = {"_target_": "thoughtrank.engines.vllm.VLLMEngine"}
    assert "device" not in with_resolved(values, CPU_WITH_BF16)["engine"]


@pytest.mark.parametrize(
    "override", ["strategy=deepspeed_zero1", "training.weights=bf16_kahan", "engine=vllm"], ids=lambda each: each
)
def test_what_resolves_alike_everywhere_is_not_stored_and_the_config_stays_valid(override, processor):
    processor(bf16=True)
    values = composed(override)
    stored = resolved(values)
    used = with_resolved(values, stored)
    assert resolved(used) == stored
    group = "engine" if override == "engine=vllm" else "training"
    assert group not in stored


def test_a_run_of_a_gpu_names_what_a_machine_without_one_lacks(processor):
    processor()
    values, started = composed(), {"engine": {"device": "cuda"}, "strategy": {"accelerator": "cuda"}}
    faults = missing_devices(values, started, run="mine")
    assert [fault.partition(", ")[0] for fault in faults] == [
        "run mine was started with engine.device=cuda",
        "run mine was started with strategy.accelerator=cuda",
    ]
    assert missing_devices(values, CPU_WITH_BF16, run="mine") == []
    processor(cuda=True)
    assert missing_devices(values, started, run="mine") == []


def test_what_was_stored_is_read(tmp_path):
    path = tmp_path / "resolved.yaml"
    assert read_resolved(path) == {}
    write_resolved(path, CPU_WITH_BF16)
    assert read_resolved(path) == CPU_WITH_BF16


@pytest.mark.parametrize("text", ["", "[1]", "engine: cpu", "{"])
def test_a_damaged_file_is_a_plain_error(tmp_path, text):
    (tmp_path / "resolved.yaml").write_text(text)
    with pytest.raises(UserError, match="is damaged"):
        read_resolved(tmp_path / "resolved.yaml")
