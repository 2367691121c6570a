import sys

import pytest
import torch

from thoughtrank.models import hardware
from thoughtrank.models.hardware import (
    cuda_memory,
    device_kind,
    is_amd_processor,
    likely_multiplies_bf16,
    may_have_accelerator,
    multiplies_bf16,
)


@pytest.mark.parametrize(
    ("amx", "avx512_bf16", "multiplies"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_either_instruction_set_multiplies_bf16(monkeypatch, amx, avx512_bf16, multiplies):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16)
    assert multiplies_bf16() is multiplies


@pytest.mark.parametrize(("vendor", "is_amd"), [("AuthenticAMD", True), ("GenuineIntel", False)])
def test_the_vendor_of_a_processor_is_what_it_says_itself(monkeypatch, tmp_path, vendor, is_amd):
    processors = tmp_path / "cpuinfo"
    monkeypatch.setattr(hardware, "_PROCESSORS", processors)
    monkeypatch.setattr("platform.processor", lambda: f"AMD64 Family 23 Model 49 Stepping 0, {vendor}")
    assert is_amd_processor() is is_amd
    processors.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\n")
    monkeypatch.setattr("platform.processor", lambda: "")
    assert is_amd_processor() is is_amd


@pytest.mark.parametrize(
    ("flags", "likely"), [("avx2 avx512f", False), ("avx512_bf16", True), ("amx_bf16 amx_tile", True)]
)
def test_bf16_instructions_are_among_the_flags_of_the_processor(monkeypatch, tmp_path, flags, likely):
    monkeypatch.setattr(hardware, "_PROCESSORS", tmp_path / "cpuinfo")
    assert likely_multiplies_bf16()
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu {flags} sse2\n")
    assert likely_multiplies_bf16() is likely


@pytest.mark.skipif(not hardware._PROCESSORS.exists(), reason="no Linux")
def test_the_flags_of_this_processor_say_what_torch_says():
    assert likely_multiplies_bf16() is multiplies_bf16()


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


@pytest.fixture
def machine(monkeypatch):
    """Pretends that this machine has devices of these kinds."""

    def has(*, cuda=False, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


def test_auto_prefers_cuda_to_mps_to_the_cpu(machine):
    machine(cuda=True, mps=True)
    assert device_kind("auto") == "cuda"
    machine(mps=True)
    assert device_kind("auto") == "mps"
    assert device_kind("auto", allow_mps=False) == "cpu"
    machine()
    assert device_kind("auto") == "cpu"


def test_torch_is_not_imported_where_no_driver_is_installed(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(hardware, "may_have_accelerator", lambda: False)
    assert device_kind("auto") == "cpu"
    assert "torch" not in sys.modules


def test_a_kind_that_is_asked_for_is_not_replaced(machine):
    machine(cuda=True)
    assert device_kind("cpu") == "cpu"
