"""Torch's fully sharded data parallelism (FSDP) under Lightning, on CUDA and on the CPU.

Every decoder layer is an FSDP unit: its float32 weights are gathered for its turn, in bf16 where the arithmetic is bf16, and
freed after it. The embeddings, the last norm and the output head belong to the outermost unit.
"""

from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

import torch
from pytorch_lightning.strategies import FSDPStrategy
from torch import Tensor
from torch.distributed.fsdp import FullyShardedDataParallel, MixedPrecision
from torch.distributed.fsdp.wrap import CustomPolicy

from thoughtrank.finetuning.distributed.sharded_parameters import full_shape, record_full_shape
from thoughtrank.finetuning.distributed.training_engine import TrainingEngine

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from thoughtrank.finetuning.module import FineTuningModule

_WRAPPER_PREFIX = "_fsdp_wrapped_module."


class FullyShardedStrategy(FSDPStrategy):
    """Lightning's FSDP strategy with sharded checkpoints, float32 buffers, and the CPU as a device."""

    def __init__(self) -> None:
        super().__init__(sharding_strategy="FULL_SHARD", state_dict_type="sharded")

    @property
    def mixed_precision_config(self) -> MixedPrecision | None:
        """As in Lightning, but buffers (the rotary frequencies) stay float32, and gradients are summed in float32."""
        if self.precision_plugin.precision == "32-true":
            return None
        # Inputs are token ids, which need no cast; and torch could not cast a frozen dataclass.
        return MixedPrecision(
            param_dtype=torch.bfloat16,
            reduce_dtype=torch.float32,
            buffer_dtype=torch.float32,
            cast_forward_inputs=False,
            cast_root_forward_inputs=False,
        )

    def setup_environment(self) -> None:
        """As in Lightning, without its autocast, which is CUDA's on every device: the gathered weights are bf16 already."""
        super().setup_environment()
        self.precision_plugin.forward_context = nullcontext  # type: ignore[method-assign]
        self.precision_plugin.convert_input = lambda data: data  # type: ignore[method-assign]

    def _setup_model(self, model: torch.nn.Module) -> torch.nn.Module:
        """As in Lightning, with one unit per decoder layer, and with the CPU as ``device_id``, which Lightning leaves out."""
        module = cast("FineTuningModule", model)
        for parameter in module.parameters():
            record_full_shape(parameter)
        layers = {id(layer) for layer in module.causal_lm.get_decoder().layers}
        return FullyShardedDataParallel(
            module,
            sharding_strategy=self.sharding_strategy,
            mixed_precision=self.mixed_precision_config,
            auto_wrap_policy=CustomPolicy(lambda each: id(each) in layers),
            device_id=self.root_device,
            use_orig_params=True,
        )


class FullyShardedEngine(TrainingEngine):
    """FSDP: every rank holds a flat shard of each unit's weights and gradients."""

    @property
    def _wrapped(self) -> FullyShardedDataParallel:
        wrapped = self.trainer.strategy.model
        assert isinstance(wrapped, FullyShardedDataParallel)
        return wrapped

    def clip_gradients(self, module: torch.nn.Module, *, max_norm: float) -> None:
        """See ``TrainingEngine``; the norm is taken over the shards of all ranks."""
        self._gradient_norm = self._wrapped.clip_grad_norm_(max_norm)

    def gather_weights(self, model: "PreTrainedModel") -> dict[str, Tensor] | None:
        """See ``TrainingEngine``; one unit after the other is gathered."""
        gathered = {}
        for unit in FullyShardedDataParallel.fsdp_modules(self._wrapped):
            with FullyShardedDataParallel.summon_full_params(unit, recurse=False, writeback=False):
                for name, parameter in model.named_parameters():
                    if self.trainer.is_global_zero and parameter.shape == full_shape(parameter):
                        gathered[name.replace(_WRAPPER_PREFIX, "")] = parameter.detach().cpu().clone()
        return gathered
