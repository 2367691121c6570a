import pytest
import torch

from thoughtrank.finetuning.distributed.devices import device_faults


@pytest.fixture
def machine(monkeypatch):
    """Pretends that this machine has so many CUDA devices."""

    def has(*, cuda=0):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)

    return has


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
