"""What the hardware of this machine can do."""

import ctypes
import platform
import sys
from pathlib import Path
from typing import Literal

DeviceKind = Literal["cpu", "cuda", "mps"]
Accelerator = Literal["auto", "cpu", "cuda", "mps"]
"""A kind of device, or the best one that the machine has."""

_AMD_DRIVER = Path("/dev/kfd")
_PROCESSORS = Path("/proc/cpuinfo")
_BF16_FLAGS = {"amx_tile", "avx512_bf16"}


def multiplies_bf16() -> bool:
    """Whether the CPU multiplies bf16 in hardware (AMX or avx512_bf16); emulated bf16 is slower than float32.

    Decided by CPU flags, not by a measurement: a resumed run must get the same answer on a busy machine.
    """
    import torch

    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def likely_multiplies_bf16() -> bool:
    """The same for estimates, from what Linux says of the processor: importing torch would take seconds. True elsewhere."""
    return not _PROCESSORS.exists() or not _BF16_FLAGS.isdisjoint(_PROCESSORS.read_text().split())


def is_amd_processor() -> bool:
    """Whether the CPU is one of AMD's, on which MKL, torch's library for float32 matmuls, may be slower than oneDNN."""
    if _PROCESSORS.exists():
        return "AuthenticAMD" in _PROCESSORS.read_text()
    return "AuthenticAMD" in platform.processor()


def device_kind(accelerator: Accelerator, *, allow_mps: bool = True) -> DeviceKind:
    """Resolve ``auto``: CUDA if the machine has a device, else Apple's MPS if allowed, else the CPU.

    Torch is imported only where the machine has to be asked.
    """
    if accelerator != "auto":
        return accelerator
    if "torch" not in sys.modules and not may_have_accelerator():
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if allow_mps and torch.backends.mps.is_available() else "cpu"


def has_device(kind: str) -> bool:
    """Whether this machine has a device of that kind: ``cpu``, ``cuda`` or ``mps``."""
    import torch

    if kind == "mps":
        return torch.backends.mps.is_available()
    return kind != "cuda" or torch.cuda.is_available()


def has_nvidia_driver() -> bool:
    """Whether an NVIDIA driver is loaded: a guess at a CUDA device that imports nothing heavy."""
    return Path("/proc/driver/nvidia").exists()


def may_have_accelerator() -> bool:
    """Whether torch may find a device beside the CPU; a quick check that saves importing torch where it cannot."""
    if sys.platform != "linux" or _AMD_DRIVER.exists():
        return True
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def cuda_memory() -> int | None:
    """Memory of the smallest visible CUDA device in bytes; None where there is none.

    The driver is asked directly: torch would import for seconds, and hold memory on the device from then on.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return None
    sizes = []
    for index in range(count.value):
        device, size = ctypes.c_int(), ctypes.c_size_t()
        if driver.cuDeviceGet(ctypes.byref(device), index) or driver.cuDeviceTotalMem_v2(ctypes.byref(size), device):
            return None
        sizes.append(size.value)
    return min(sizes, default=None)
