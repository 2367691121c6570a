"""The identities of engines: what they leave out, and what ``auto`` becomes."""

from types import SimpleNamespace

import pytest
import torch

from thoughtrank.engines.decoding.packed_linear import can_pack
from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.engines.vllm import VLLMEngine
from thoughtrank.instantiate import Component

ENGINES = [TransformersEngine(), VLLMEngine(), OpenAIEngine(base_urls=["http://localhost/v1"])]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: type(engine).__name__)
def test_group_sizes_and_operational_settings_are_no_part_of_the_identity(engine):
    assert isinstance(engine, Component)
    identity = engine.identity()
    assert not {"questions_per_group", "replies_per_group", "probe_candidates"} & set(identity)
    assert not type(engine).operational & set(identity)
    assert identity["component"] == type(engine).__name__


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: type(engine).__name__)
def test_a_raised_version_changes_the_identity(engine, monkeypatch):
    before = engine.identity()
    monkeypatch.setattr(type(engine), "version", 99)
    assert engine.identity() != before


def test_only_the_embedded_engine_chooses_first_tokens():
    assert [engine.chooses_first_token for engine in ENGINES] == [True, False, False]


def test_auto_is_resolved_to_the_device_and_dtype_that_will_be_used(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=25_000_000_000))
    assert TransformersEngine().identity() == TransformersEngine(device="cuda", dtype="bfloat16").identity()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr("thoughtrank.engines.transformers.multiplies_bf16", lambda: False)
    assert TransformersEngine().identity() == TransformersEngine(device="cpu", dtype="float32").identity()
    monkeypatch.setattr("thoughtrank.engines.transformers.multiplies_bf16", lambda: True)
    assert TransformersEngine().identity()["dtype"] == "bfloat16"


def test_linear_layers_are_packed_where_that_is_faster_and_the_identity_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr("torch.ops.mkldnn._is_mkldnn_bf16_supported", lambda: True)
    monkeypatch.setattr("thoughtrank.engines.transformers.multiplies_bf16", lambda: True)
    monkeypatch.setattr("thoughtrank.engines.transformers.is_amd_processor", lambda: False)
    packed = "packed" if can_pack(torch.bfloat16, torch.device("cpu")) else "plain"
    assert TransformersEngine().identity()["linear_kernel"] == packed
    assert TransformersEngine(dtype="float32").resolved()["linear_kernel"] == "plain"
    monkeypatch.setattr("thoughtrank.engines.transformers.is_amd_processor", lambda: True)
    assert TransformersEngine(dtype="float32").resolved()["linear_kernel"] == packed
    monkeypatch.setattr("thoughtrank.engines.transformers.multiplies_bf16", lambda: False)
    assert TransformersEngine(dtype="bfloat16").resolved()["linear_kernel"] == "plain"
    assert TransformersEngine().resolved()["linear_kernel"] == packed
    assert TransformersEngine(dtype="bfloat16", linear_kernel="packed").resolved()["linear_kernel"] == "packed"


def test_a_kernel_that_this_processor_lacks_is_one_message(monkeypatch):
    monkeypatch.setattr("torch.ops.mkldnn._is_mkldnn_bf16_supported", lambda: False)
    [fault] = TransformersEngine(device="cpu", dtype="bfloat16", linear_kernel="packed").faults()
    assert "engine.linear_kernel=packed needs" in fault
    assert TransformersEngine(device="cpu", dtype="bfloat16").faults() == []


def test_the_device_estimate_is_the_device_that_was_asked_for():
    assert TransformersEngine(device="mps").device_estimate() == "mps"
    assert TransformersEngine().device_estimate() in ("cpu", "cuda")


def test_an_engine_whose_model_is_on_other_machines_has_no_device_here():
    assert OpenAIEngine(base_urls=["http://localhost:1/v1"]).device_estimate() is None


def test_all_devices_generate_and_one_evaluates(monkeypatch):
    monkeypatch.setattr("thoughtrank.engines.transformers.num_cuda_devices", lambda: 8)
    assert TransformersEngine().devices_estimate() == (8, 1)
    assert TransformersEngine(devices=2).devices_estimate() == (2, 1)
    monkeypatch.setattr("thoughtrank.engines.transformers.num_cuda_devices", lambda: 0)
    assert TransformersEngine().devices_estimate() == (1, 1)
