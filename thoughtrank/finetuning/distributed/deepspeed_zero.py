"""DeepSpeed ZeRO under Lightning, on CUDA and on the CPU."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.seed import reset_seed
from pytorch_lightning.accelerators import CPUAccelerator
from pytorch_lightning.strategies import DeepSpeedStrategy
from safetensors import safe_open
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.training_engine import TrainingEngine

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class ZeroStrategy(DeepSpeedStrategy):
    """Lightning's DeepSpeed strategy, extended to the CPU, where Lightning refuses what DeepSpeed can do over gloo."""

    def __init__(self, *, stage: int, offload_optimizer: bool = False, offload_parameters: bool = False) -> None:
        super().__init__(stage=stage, offload_optimizer=offload_optimizer, offload_parameters=offload_parameters)
        self._offloads_weights = offload_parameters
        self._head: torch.nn.Parameter | None = None
        assert isinstance(self.config, dict)
        # Any optimizer of the config may be used with offloading, not only DeepSpeed's own.
        self.config["zero_force_ds_cpu_optimizer"] = False

    @property
    def root_device(self) -> torch.device:
        """DeepSpeed asks for the index of a rank's device, which Lightning's CPU devices lack."""
        if isinstance(self.accelerator, CPUAccelerator):
            return torch.device("cpu", self.local_rank)
        return super().root_device

    def setup_environment(self) -> None:
        """As in Lightning, but any device is allowed, and frozen dataclasses as batches."""
        # Batches hold token ids and masks, which need no cast to bf16.
        self.precision_plugin.convert_input = lambda data: data  # type: ignore[method-assign]
        # The method of the class above DeepSpeedStrategy, whose own only adds the check for CUDA.
        super(DeepSpeedStrategy, self).setup_environment()

    def setup_distributed(self) -> None:
        """As in Lightning, without its check of CUDA device indices on the CPU."""
        if not isinstance(self.accelerator, CPUAccelerator):
            super().setup_distributed()
            return
        import deepspeed

        # DeepSpeed would compile its own shared-memory communication kernel; gloo needs no compiler.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
        reset_seed()
        self.set_world_ranks()
        self._init_deepspeed_distributed()

    @contextmanager
    def model_sharded_context(self) -> Iterator[None]:
        """Nothing: transformers partitions the model itself, and keeps rotary frequencies in float32."""
        yield

    def setup(self, trainer: pl.Trainer) -> None:
        """As in Lightning, but buffers stay float32, and the output head is gathered once per step.

        DeepSpeed would cast rotary frequencies to bf16 too.
        """
        module = self.lightning_module
        assert module is not None
        kept = {name: buffer.clone() for name, buffer in module.named_buffers() if buffer.dtype == torch.float32}
        super().setup(trainer)
        for name, buffer in module.named_buffers():
            if name in kept:
                buffer.data = kept[name].to(buffer.device)
        if self._head is not None and not self._offloads_weights:
            self._keep_gathered(self._head)

    def _keep_gathered(self, parameter: torch.nn.Parameter) -> None:
        """Let a parameter stay whole from its first use until the optimizer step, as DeepSpeed does with small ones.

        They are gathered again after the step. The output head is by far the largest weight, and would be gathered for each
        micro-batch at least once.
        """
        persistent = self.deepspeed_engine.optimizer.persistent_parameters
        if not any(each is parameter for each in persistent):
            parameter.ds_persist = True  # type: ignore[attr-defined]
            persistent.append(parameter)

    def empty_partitioned_model(self, folder: str, *, dtype: torch.dtype) -> "PreTrainedModel":
        """A model in the shape of the one in ``folder``, partitioned over the ranks from the start (ZeRO-3)."""
        from transformers.integrations import HfDeepSpeedConfig

        self._init_config_if_needed()
        # While this object is alive, transformers constructs partitioned models.
        alive = HfDeepSpeedConfig(copy.deepcopy(self.config))
        model: PreTrainedModel = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=dtype)
        del alive
        self._head = model.get_output_embeddings().weight
        return model


class ZeroEngine(TrainingEngine):
    """DeepSpeed: its engine holds, clips and frees the gradients; in ZeRO-3 every rank holds a shard of each weight."""

    @property
    def strategy(self) -> ZeroStrategy:
        """The strategy of the trainer."""
        strategy = self.trainer.strategy
        assert isinstance(strategy, ZeroStrategy)
        return strategy

    @property
    def gradient_norm(self) -> float | None:
        """See ``TrainingEngine``."""
        norm = self.strategy.deepspeed_engine.get_global_grad_norm()
        return None if norm is None else float(norm)

    @property
    def computes_every_batch(self) -> bool:
        """Always: DeepSpeed counts backward passes."""
        return True

    def load_model(self, folder: str, *, dtype: torch.dtype) -> "PreTrainedModel":
        """See ``TrainingEngine``; with ZeRO-3 no rank ever holds the whole model.

        Rank 0 reads one tensor after the other, and each rank keeps its shard.

        Raises:
            UserError: with ZeRO-3, the files do not hold exactly the tensors of the model.
        """
        if not self.strategy.zero_stage_3:
            return super().load_model(folder, dtype=dtype)
        model = self.strategy.empty_partitioned_model(folder, dtype=dtype)
        missing = {name for name, _ in model.named_parameters()}
        parameters = dict(model.named_parameters(remove_duplicate=False))
        unknown = []
        for name, read in _stored_tensors(folder):
            if name in parameters:
                self._fill(parameters[name], read)
                missing.discard(name)
            else:
                unknown.append(name)
        if missing or unknown:
            raise UserError(
                f"{folder} does not hold the tensors of this model (missing: {sorted(missing)[:3]}, unknown: "
                f"{unknown[:3]}): strategy=deepspeed_zero3 cannot load it, strategy=deepspeed_zero2 may"
            )
        if (Path(folder) / "generation_config.json").exists():
            model.generation_config = GenerationConfig.from_pretrained(folder)
        return model

    def scale_loss(self, loss: Tensor, *, accumulation: int) -> Tensor:
        """See ``TrainingEngine``; DeepSpeed divides by the number of micro-batches once more."""
        return loss * accumulation**2 * self.trainer.world_size

    def clip_gradients(self, module: torch.nn.Module, *, max_norm: float) -> None:
        """Nothing: DeepSpeed clips in its own optimizer step."""

    def free_gradients(self, module: torch.nn.Module) -> None:
        """Nothing: DeepSpeed holds and frees the gradients."""

    def gather_weights(self, model: "PreTrainedModel") -> dict[str, Tensor] | None:
        """See ``TrainingEngine``; one tensor after the other is gathered."""
        if not self.strategy.zero_stage_3:
            return None
        import deepspeed

        gathered = {}
        for name, parameter in model.named_parameters():
            with deepspeed.zero.GatheredParameters([parameter]):
                if self.trainer.is_global_zero:
                    gathered[name] = parameter.detach().cpu().clone()
        return gathered

    def _fill(self, parameter: torch.nn.Parameter, read: Callable[[], Tensor]) -> None:
        """Give a partitioned parameter the value that rank 0 reads."""
        import deepspeed

        with deepspeed.zero.GatheredParameters([parameter], modifier_rank=0):
            if self.trainer.is_global_zero:
                parameter.data.copy_(read())


def _stored_tensors(folder: str) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """Name of each tensor in the safetensors files of ``folder``, and a function that reads it. One file is open at a time."""
    for path in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(path, framework="pt") as weights:
            for name in weights.keys():  # noqa: SIM118 (not a mapping)

                def read(name: str = name) -> Tensor:
                    tensor: Tensor = weights.get_tensor(name)
                    return tensor

                yield name, read
