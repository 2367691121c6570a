"""Where training runs (the config group ``strategy``)."""

import importlib.util
import os
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import PositiveInt

from thoughtrank.finetuning.distributed.devices import device_faults
from thoughtrank.finetuning.memory.sharding import Sharding
from thoughtrank.finetuning.protocols import Strategy
from thoughtrank.finetuning.weight_formats import ALL_WEIGHTS, LightningPrecision, Precision, Weights
from thoughtrank.models.hardware import Accelerator, DeviceKind, device_kind

if TYPE_CHECKING:
    import pytorch_lightning as pl

    from thoughtrank.finetuning.distributed.training_engine import TrainingEngine


_ZERO_BUCKET = 200_000_000
_ZERO_LIVE_WEIGHTS = 1_000_000_000


class AutoStrategy(Strategy):
    """One device: CUDA if there is one, else Apple's MPS, else the CPU.

    Args:
        accelerator: kind of device.
        devices: must be 1.
        num_nodes: must be 1.
    """

    name: ClassVar[str] = "auto"
    supported_weights: ClassVar[tuple[Weights, ...]] = ALL_WEIGHTS
    whole_parameters: ClassVar[bool] = True
    supports_adapters: ClassVar[bool] = True
    optimizer_masters: ClassVar[bool] = True

    def __init__(
        self, *, accelerator: Accelerator = "auto", devices: PositiveInt = 1, num_nodes: PositiveInt = 1
    ) -> None:
        self.accelerator = accelerator
        self.devices = devices
        self.num_nodes = num_nodes

    def faults(self) -> list[str]:
        """See ``Component``."""
        if self.world_size != 1:
            return [
                f"strategy=auto trains on one device, not {self.world_size}: set strategy.devices=1 strategy.num_nodes=1, "
                "or choose strategy=ddp, fsdp or a deepspeed_zero..."
            ]
        return device_faults(self.accelerator, devices=1)

    def trainer_arguments(self) -> dict[str, Any]:
        """See ``Strategy``."""
        return {"accelerator": self.device_kind(), "devices": 1, "num_nodes": 1}


class MultiDeviceStrategy(Strategy):
    """One training process per device; the global batches are those of training on one device.

    Args:
        accelerator: kind of device; on the CPU a device is a process.
        devices: training processes per machine.
        num_nodes: machines.
    """

    def __init__(
        self,
        *,
        accelerator: Literal["auto", "cpu", "cuda"] = "auto",
        devices: PositiveInt = 1,
        num_nodes: PositiveInt = 1,
    ) -> None:
        self.accelerator = accelerator
        self.devices = devices
        self.num_nodes = num_nodes

    def faults(self) -> list[str]:
        """See ``Component``."""
        faults = [
            f"strategy.{name}={value}: must be 1 or more"
            for name, value in (("devices", self.devices), ("num_nodes", self.num_nodes))
            if value < 1
        ]
        return faults or device_faults(self.accelerator, devices=self.devices)

    def device_kind(self) -> DeviceKind:
        """CUDA or the CPU: none of these strategies runs on MPS."""
        return device_kind(self.accelerator, allow_mps=False)

    def _device_arguments(self) -> dict[str, Any]:
        """The keyword arguments of Lightning's Trainer that choose devices."""
        return {"accelerator": self.device_kind(), "devices": self.devices, "num_nodes": self.num_nodes}


class DDPStrategy(MultiDeviceStrategy):
    """Every device holds the whole model, its gradients and its optimizer state."""

    name: ClassVar[str] = "ddp"
    supported_weights: ClassVar[tuple[Weights, ...]] = ALL_WEIGHTS
    whole_parameters: ClassVar[bool] = True
    supports_adapters: ClassVar[bool] = True
    optimizer_masters: ClassVar[bool] = True

    def sharding(self) -> Sharding:
        """See ``Strategy``: the gradients are views of buffers that stay."""
        return Sharding(keeps_gradients=True)

    def trainer_arguments(self) -> dict[str, Any]:
        """See ``Strategy``."""
        from pytorch_lightning.strategies import DDPStrategy as LightningDDP

        return {**self._device_arguments(), "strategy": LightningDDP(gradient_as_bucket_view=True)}


class DeepSpeedStrategy(MultiDeviceStrategy):
    """DeepSpeed ZeRO: bf16 weights and gradients; float32 master weights and optimizer state are sharded over the devices.

    Args:
        stage: what is sharded: 1 optimizer state and master weights, 2 gradients too, 3 the bf16 weights too.
        offload: keep everything that is sharded, except gradients, in main memory.
        accelerator: kind of device; on the CPU a device is a process.
        devices: training processes per machine.
        num_nodes: machines.
    """

    name: ClassVar[str] = "deepspeed"
    engine_masters: ClassVar[bool] = True

    def __init__(
        self,
        *,
        stage: Literal[1, 2, 3],
        offload: bool = False,
        accelerator: Literal["auto", "cpu", "cuda"] = "auto",
        devices: PositiveInt = 1,
        num_nodes: PositiveInt = 1,
    ) -> None:
        super().__init__(accelerator=accelerator, devices=devices, num_nodes=num_nodes)
        self.stage = stage
        self.offload = offload

    def faults(self) -> list[str]:
        """See ``Component``."""
        faults = super().faults()
        if importlib.util.find_spec("deepspeed") is None:
            faults.append("strategy: deepspeed is not installed: run 'pip install deepspeed', or use strategy=ddp")
        return faults

    @property
    def optimizer_on_cpu(self) -> bool:
        """See ``Strategy``."""
        return self.offload or super().optimizer_on_cpu

    def sharding(self) -> Sharding:
        """See ``Strategy``.

        The sizes of buffers are the defaults of Lightning's ``DeepSpeedStrategy``; float32 gradients in the step are those that
        DeepSpeed's own estimate counts (``estimate_zero2_model_states_mem_needs``).
        """
        return Sharding(
            optimizer=True,
            gradients=self.stage >= 2,
            weights=self.stage == 3,
            offload=self.offload,
            keeps_gradients=True,
            buckets=_ZERO_BUCKET,
            gathered=_ZERO_LIVE_WEIGHTS,
            keeps_head=not self.offload,
            step_gradients=True,
        )

    def prepare_process(self) -> None:
        """Choose DeepSpeed's device before anything imports DeepSpeed."""
        if self.device_kind() == "cpu":
            os.environ["DS_ACCELERATOR"] = "cpu"
        # DeepSpeed calls deprecated names of torch's collectives, once per step and rank.
        warnings.filterwarnings("ignore", category=FutureWarning, module="torch.distributed")
        # DeepSpeed's options come from the config of this project only.
        os.environ.pop("PL_DEEPSPEED_CONFIG_PATH", None)

    def resolve_precision(self, precision: Precision, *, weights: Weights) -> LightningPrecision:
        """Bf16 weights with the engine's float32 masters, unless float32 is asked for."""
        return "32-true" if precision == "32-true" else "bf16-true"

    def trainer_arguments(self) -> dict[str, Any]:
        """See ``Strategy``."""
        from thoughtrank.finetuning.distributed.deepspeed_zero import ZeroStrategy

        strategy = ZeroStrategy(
            stage=self.stage, offload_optimizer=self.offload, offload_parameters=self.offload and self.stage == 3
        )
        return {**self._device_arguments(), "strategy": strategy}

    def training_engine(self, trainer: "pl.Trainer") -> "TrainingEngine":
        """See ``Strategy``."""
        from thoughtrank.finetuning.distributed.deepspeed_zero import ZeroEngine

        return ZeroEngine(trainer)


class FSDPStrategy(MultiDeviceStrategy):
    """Torch's fully sharded data parallelism: float32 weights, gradients and optimizer state are sharded over the devices.

    Args:
        accelerator: kind of device; ``auto`` does not fall back to the CPU.
        devices: training processes per machine.
        num_nodes: machines.
    """

    name: ClassVar[str] = "fsdp"

    def sharding(self) -> Sharding:
        """See ``Strategy``."""
        return Sharding(optimizer=True, gradients=True, weights=True)

    def faults(self) -> list[str]:
        """See ``Component``."""
        faults = super().faults()
        if not faults and self.accelerator == "auto" and self.device_kind() != "cuda":
            faults.append(
                "strategy=fsdp needs CUDA devices, and this machine shows none: use strategy=auto, or set "
                "strategy.accelerator=cpu to try it on CPU processes"
            )
        return faults

    def trainer_arguments(self) -> dict[str, Any]:
        """See ``Strategy``."""
        from thoughtrank.finetuning.distributed.fsdp import FullyShardedStrategy

        return {**self._device_arguments(), "strategy": FullyShardedStrategy()}

    def training_engine(self, trainer: "pl.Trainer") -> "TrainingEngine":
        """See ``Strategy``."""
        from thoughtrank.finetuning.distributed.fsdp import FullyShardedEngine

        return FullyShardedEngine(trainer)
