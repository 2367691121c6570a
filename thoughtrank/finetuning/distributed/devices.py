"""Which devices train, and whether this machine has them."""

from typing import Any, ClassVar, Literal

Accelerator = Literal["auto", "cpu", "cuda"]


class SeveralDevices:
    """What strategies of several devices share: one training process per device, the same global batches as on one."""

    name: ClassVar[str] = ""

    def __init__(self, *, accelerator: Accelerator = "auto", devices: int = 1, num_nodes: int = 1) -> None:
        self.accelerator = accelerator
        self.devices = devices
        self.num_nodes = num_nodes

    @property
    def world_size(self) -> int:
        """Number of training processes."""
        return self.devices * self.num_nodes

    def faults(self) -> list[str]:
        """What a user has to put right before training."""
        faults = [
            f"strategy.{name}={value}: must be 1 or more"
            for name, value in (("devices", self.devices), ("num_nodes", self.num_nodes))
            if value < 1
        ]
        return faults or device_faults(self.accelerator, devices=self.devices)

    def identity(self) -> dict[str, object]:
        """What decides the result, for the fingerprint."""
        return {"strategy": self.name, "accelerator": self.accelerator, "world_size": self.world_size}

    def on_cuda(self) -> bool:
        """Whether the devices are CUDA's."""
        import torch

        return self.accelerator == "cuda" or (self.accelerator == "auto" and torch.cuda.is_available())

    def where(self) -> dict[str, Any]:
        """The keyword arguments of Lightning's Trainer that say which devices."""
        accelerator = "cuda" if self.on_cuda() else "cpu"
        return {"accelerator": accelerator, "devices": self.devices, "num_nodes": self.num_nodes}


def device_faults(accelerator: str, *, devices: int) -> list[str]:
    """What is wrong with asking this machine for these devices, one sentence each."""
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
            f"strategy.devices={devices}, but this machine shows no CUDA device; two processes on the CPU are wanted "
            "only for trying things: say strategy.accelerator=cpu if you mean it"
        ]
    return []
