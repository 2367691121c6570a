"""Where training runs (the config group ``strategy``)."""

import importlib.util
import os
import warnings
from typing import Any, ClassVar, Literal

from thoughtrank.finetuning.distributed.devices import Accelerator, SeveralDevices, device_faults
from thoughtrank.finetuning.weight_formats import ALL_WEIGHTS, Weights


class AutoStrategy:
    """One device: CUDA where there is one, else Apple's MPS, else the CPU.

    Args:
        accelerator: which kind of device.
        devices: how many of them on this machine.
        num_nodes: how many machines.
    """

    name: ClassVar[str] = "auto"
    supported_weights: ClassVar[tuple[Weights, ...]] = ALL_WEIGHTS
    whole_parameters: ClassVar[bool] = True
    """Whether an optimizer sees every parameter in its own shape, not as flattened shards."""
    supports_adapters: ClassVar[bool] = True
    engine_masters: ClassVar[bool] = False
    """Whether an engine holds bf16 weights with float32 masters of its own."""

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

    @property
    def optimizer_on_cpu(self) -> bool:
        """Whether the weights an optimizer sees lie in main memory."""
        if self.accelerator == "auto":
            import torch

            return not (torch.cuda.is_available() or torch.backends.mps.is_available())
        return self.accelerator == "cpu"

    def faults(self) -> list[str]:
        """What a user has to put right before training."""
        if self.world_size != 1:
            return [
                f"strategy=auto trains on one device, not {self.world_size}: set strategy.devices=1 strategy.num_nodes=1, "
                "or choose strategy=ddp, fsdp or a deepspeed_zero..."
            ]
        return device_faults(self.accelerator, devices=1)

    def identity(self) -> dict[str, object]:
        """What decides the result, for the fingerprint."""
        return {"strategy": "auto", "accelerator": self.accelerator, "world_size": self.world_size}

    def trainer_arguments(self) -> dict[str, Any]:
        """Keyword arguments of Lightning's Trainer."""
        return {"accelerator": self.accelerator, "devices": 1, "num_nodes": 1}


class DDPStrategy(SeveralDevices):
    """Every device holds the whole model, its gradients and its optimizer.

    Args:
        accelerator: which kind of device; on the CPU a device is a process.
        devices: training processes on each machine.
        num_nodes: machines.
    """

    name: ClassVar[str] = "ddp"
    supported_weights: ClassVar[tuple[Weights, ...]] = ALL_WEIGHTS
    whole_parameters: ClassVar[bool] = True
    supports_adapters: ClassVar[bool] = True
    engine_masters: ClassVar[bool] = False

    @property
    def optimizer_on_cpu(self) -> bool:
        """Whether the weights an optimizer sees lie in main memory."""
        return not self.on_cuda()

    def trainer_arguments(self) -> dict[str, Any]:
        """Keyword arguments of Lightning's Trainer."""
        from pytorch_lightning.strategies import DDPStrategy as LightningDDP

        return {**self.where(), "strategy": LightningDDP(gradient_as_bucket_view=True)}


class DeepSpeedStrategy(SeveralDevices):
    """DeepSpeed ZeRO: bf16 weights and gradients, float32 master weights and optimizer divided over the devices.

    Args:
        stage: what is divided: 1 the optimizer and its master weights, 2 gradients too, 3 the bf16 weights too.
        offload: keep all that is divided, but for gradients, in the CPU's memory.
        accelerator: which kind of device; on the CPU a device is a process.
        devices: training processes on each machine.
        num_nodes: machines.
    """

    name: ClassVar[str] = "deepspeed"
    supported_weights: ClassVar[tuple[Weights, ...]] = ("fp32_master",)
    whole_parameters: ClassVar[bool] = False
    supports_adapters: ClassVar[bool] = False
    engine_masters: ClassVar[bool] = True

    def __init__(
        self,
        *,
        stage: Literal[1, 2, 3],
        offload: bool = False,
        accelerator: Accelerator = "auto",
        devices: int = 1,
        num_nodes: int = 1,
    ) -> None:
        super().__init__(accelerator=accelerator, devices=devices, num_nodes=num_nodes)
        self.stage = stage
        self.offload = offload

    def faults(self) -> list[str]:
        """What a user has to put right before training."""
        faults = super().faults()
        if importlib.util.find_spec("deepspeed") is None:
            faults.append("strategy: deepspeed is not installed: run 'pip install deepspeed', or use strategy=ddp")
        return faults

    def identity(self) -> dict[str, object]:
        """What decides the result, for the fingerprint."""
        return {**super().identity(), "stage": self.stage, "offload": self.offload}

    @property
    def optimizer_on_cpu(self) -> bool:
        """Whether the weights an optimizer sees lie in main memory."""
        return self.offload or not self.on_cuda()

    def prepare_process(self) -> None:
        """Tell DeepSpeed its device before anything imports it."""
        if not self.on_cuda():
            os.environ["DS_ACCELERATOR"] = "cpu"
        # It calls torch's older names of collective operations, once per step and rank.
        warnings.filterwarnings("ignore", category=FutureWarning, module="torch.distributed")
        # The one way to set DeepSpeed's options is the config of this project.
        os.environ.pop("PL_DEEPSPEED_CONFIG_PATH", None)

    def precision(self, wanted: str) -> str:
        """Lightning's name of what ``training.precision`` means here: bf16 weights unless float32 is asked for."""
        return "32-true" if wanted == "32-true" else "bf16-true"

    def trainer_arguments(self) -> dict[str, Any]:
        """Keyword arguments of Lightning's Trainer."""
        from thoughtrank.finetuning.distributed.deepspeed_zero import ZeroStrategy

        strategy = ZeroStrategy(
            stage=self.stage, offload_optimizer=self.offload, offload_parameters=self.offload and self.stage == 3
        )
        return {**self.where(), "strategy": strategy}


class FSDPStrategy(SeveralDevices):
    """Torch's fully sharded data parallelism: float32 weights, gradients and optimizer are divided over the devices.

    Args:
        accelerator: which kind of device; the CPU has to be asked for.
        devices: training processes on each machine.
        num_nodes: machines.
    """

    name: ClassVar[str] = "fsdp"
    supported_weights: ClassVar[tuple[Weights, ...]] = ("fp32_master",)
    whole_parameters: ClassVar[bool] = False
    supports_adapters: ClassVar[bool] = False
    engine_masters: ClassVar[bool] = False

    def faults(self) -> list[str]:
        """What a user has to put right before training."""
        faults = super().faults()
        if not faults and self.accelerator == "auto" and not self.on_cuda():
            faults.append(
                "strategy=fsdp needs CUDA devices, and this machine shows none: use strategy=auto, or say "
                "strategy.accelerator=cpu to try it on processes of the CPU"
            )
        return faults

    @property
    def optimizer_on_cpu(self) -> bool:
        """Whether the weights an optimizer sees lie in main memory."""
        return not self.on_cuda()

    def trainer_arguments(self) -> dict[str, Any]:
        """Keyword arguments of Lightning's Trainer."""
        from thoughtrank.finetuning.distributed.fsdp import FullyShardedStrategy

        return {**self.where(), "strategy": FullyShardedStrategy()}
