"""Where training runs (the config group ``strategy``)."""

from typing import Any, Literal


class AutoStrategy:
    """One device: CUDA where there is one, else Apple's MPS, else the CPU.

    Args:
        accelerator: which kind of device.
        devices: how many of them on this machine.
        num_nodes: how many machines.
    """

    def __init__(
        self, *, accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto", devices: int = 1, num_nodes: int = 1
    ) -> None:
        self.accelerator = accelerator
        self.devices = devices
        self.num_nodes = num_nodes

    @property
    def world_size(self) -> int:
        """Number of training processes."""
        return self.devices * self.num_nodes

    def faults(self) -> list[str]:
        """What a user has to put right before training."""
        if self.world_size != 1:
            return [
                f"strategy=auto trains on one device, not {self.world_size}: set strategy.devices=1 strategy.num_nodes=1"
            ]
        if self.accelerator == "cuda":
            import torch

            if not torch.cuda.is_available():
                return [
                    "strategy.accelerator=cuda, but this machine shows no CUDA device: use strategy.accelerator=auto"
                ]
        return []

    def identity(self) -> dict[str, object]:
        """What decides the result, for the fingerprint."""
        return {"strategy": "auto", "accelerator": self.accelerator, "world_size": self.world_size}

    def trainer_arguments(self) -> dict[str, Any]:
        """Keyword arguments of Lightning's Trainer."""
        return {"accelerator": self.accelerator, "devices": self.devices, "num_nodes": self.num_nodes}
