import sys

import pytest
import torch

from thoughtrank.finetuning.distributed import devices as module
from thoughtrank.finetuning.distributed.devices import device_faults, device_kind


@pytest.fixture
def machine(monkeypatch):
    """Pretends that this machine has these devices."""

    def has(*, cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


def test_auto_prefers_cuda_to_mps_to_the_cpu(machine):
    machine(cuda=1, mps=True)
    assert device_kind("auto") == "cuda"
    machine(mps=True)
    assert device_kind("auto") == "mps"
    assert device_kind("auto", allow_mps=False) == "cpu"
    machine()
    assert device_kind("auto") == "cpu"


def test_torch_is_not_imported_where_no_driver_is_installed(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(module, "may_have_accelerator", lambda: False)
    assert device_kind("auto") == "cpu"
    assert "torch" not in sys.modules


def test_a_kind_that_is_asked_for_is_not_replaced(machine):
    machine(cuda=8)
    assert device_kind("cpu") == "cpu"


def test_cuda_that_is_not_there_is_a_fault(machine):
    machine()
    [fault] = device_faults("cuda", devices=1)
    assert "strategy.accelerator=auto" in fault


def test_too_few_cuda_devices_are_a_fault_that_names_their_number(machine):
    machine(cuda=2)
    for accelerator in ("auto", "cuda"):
        [fault] = device_faults(accelerator, devices=4)
        assert "strategy.devices=2" in fault
    assert device_faults("auto", devices=2) == []


def test_several_processes_on_the_cpu_have_to_be_asked_for(machine):
    machine()
    [fault] = device_faults("auto", devices=2)
    assert "strategy.accelerator=cpu" in fault
    assert device_faults("cpu", devices=2) == device_faults("auto", devices=1) == []
