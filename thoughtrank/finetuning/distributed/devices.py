"""Whether this machine has the devices that a training is to use. Torch is imported only where the machine has to be asked."""

from thoughtrank.models.hardware import Accelerator


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
