import pytest
import torch

from thoughtrank.models.hardware import cuda_memory, may_have_accelerator, multiplies_bf16


@pytest.mark.parametrize(
    ("amx", "avx512_bf16", "multiplies"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_either_instruction_set_multiplies_bf16(monkeypatch, amx, avx512_bf16, multiplies):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16)
    assert multiplies_bf16() is multiplies


class Driver:
    """A CUDA driver with devices of so many bytes."""

    def __init__(self, *sizes, status=0):
        self.sizes, self.status = sizes, status

    def cuInit(self, flags):
        return self.status

    def cuDeviceGetCount(self, count):
        count._obj.value = len(self.sizes)
        return 0

    def cuDeviceGet(self, device, index):
        device._obj.value = index + 7
        return 0

    def cuDeviceTotalMem_v2(self, size, device):
        size._obj.value = self.sizes[device.value - 7]
        return 0


@pytest.mark.parametrize(
    ("driver", "memory"),
    [(Driver(85_000_000_000, 25_000_000_000), 25_000_000_000), (Driver(), None), (Driver(1, status=100), None)],
)
def test_the_driver_is_asked_for_the_smallest_device(monkeypatch, driver, memory):
    monkeypatch.setattr("ctypes.CDLL", lambda name: driver)
    assert cuda_memory() == memory


def test_without_a_driver_the_memory_is_unknown(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", missing)
    assert cuda_memory() is None


def test_the_quick_check_misses_no_device_that_torch_finds(monkeypatch):
    assert may_have_accelerator() or not torch.cuda.is_available()
    monkeypatch.setattr("sys.platform", "darwin")
    assert may_have_accelerator()
