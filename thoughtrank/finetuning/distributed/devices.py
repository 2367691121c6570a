"""Kinds of devices, and whether this machine has them. Torch is imported only where the machine has to be asked."""

import sys
from typing import Literal

from thoughtrank.models.hardware import may_have_accelerator

DeviceKind = Literal["cpu", "cuda", "mps"]
Accelerator = Literal["auto", "cpu", "cuda", "mps"]


def device_kind(accelerator: Accelerator, *, allow_mps: bool = True) -> DeviceKind:
    """Resolve ``auto``: CUDA if the machine has a device, else Apple's MPS if allowed, else the CPU."""
    if accelerator != "auto":
        return accelerator
    if "torch" not in sys.modules and not may_have_accelerator():
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if allow_mps and torch.backends.mps.is_available() else "cpu"


def device_faults(accelerator: Accelerator, *, devices: int) -> list[str]:
    """Why this machine cannot train on that many devices of that kind, one sentence each."""
    if accelerator != "cuda" and not (accelerator == "auto" and devices > 1):
        return []
    import torch

    found = torch.cuda.device_count()
    if accelerator == "cuda" and not found:
        return ["strategy.accelerator=cuda, but this machine shows no CUDA device: use strategy.accelerator=auto"]
    if found and found < devices:
        return [
            f"strategy.devices={devices}, but this machine shows {found} CUDA devices: set strategy.devices={found}"
        ]
    if not found and devices > 1 and accelerator == "auto":
        return [
            f"strategy.devices={devices}, but this machine shows no CUDA device; several processes on the CPU are only "
            "useful for a trial: set strategy.accelerator=cpu if you want them"
        ]
    return []
