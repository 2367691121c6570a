"""Fused kernels are used only where they compile and agree with torch's."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from thoughtrank.engines.decoding.ragged import fused_kernels

MODULE = "thoughtrank.engines.decoding.ragged.triton_kernels"


@pytest.fixture
def cache(monkeypatch):
    """The cache of a model on a device with Triton, whose kernels are markers."""
    module = ModuleType(MODULE)
    module.attend_own, module.rotate_and_store, module.silu_mul = "attend", "rotate", "silu"
    monkeypatch.setitem(sys.modules, MODULE, module)
    monkeypatch.setattr("thoughtrank.engines.decoding.ragged.triton_kernels", module, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    return SimpleNamespace(device=torch.device("cuda"), head_dim=128)


def test_kernels_that_agree_are_used(cache, monkeypatch):
    monkeypatch.setattr(fused_kernels, "largest_difference", lambda *_: 0.01)
    assert fused_kernels.fused_kernels(cache).silu_mul == "silu"


@pytest.mark.parametrize("difference", [0.5, float("nan")])
def test_kernels_that_disagree_are_not_used(cache, monkeypatch, capsys, difference):
    monkeypatch.setattr(fused_kernels, "largest_difference", lambda *_: difference)
    assert fused_kernels.fused_kernels(cache) is None
    assert "differ" in capsys.readouterr().err


def test_a_machine_without_a_compiler_decodes_without_them(cache, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("Failed to find C compiler")

    monkeypatch.setattr(fused_kernels, "largest_difference", fail)
    assert fused_kernels.fused_kernels(cache) is None
    assert "C compiler" in capsys.readouterr().err


def test_other_devices_and_sizes_never_try(cache, monkeypatch):
    monkeypatch.setattr(fused_kernels, "largest_difference", lambda *_: pytest.fail("tried"))
    cache.head_dim = 80
    assert fused_kernels.fused_kernels(cache) is None
    cache.head_dim, cache.device = 128, torch.device("cpu")
    assert fused_kernels.fused_kernels(cache) is None
