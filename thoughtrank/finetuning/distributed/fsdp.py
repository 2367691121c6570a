"""Torch's fully sharded data parallelism under Lightning, on CUDA and on the CPU.

Every layer of the model is a unit: its float32 weights are gathered, as bf16 where the arithmetic is bf16, when the layer's
turn comes, and given up again behind it. The embeddings, the last norm and the output head are the outermost unit.
"""

from contextlib import nullcontext
from typing import Any

import torch
from pytorch_lightning.strategies import FSDPStrategy
from torch import Tensor
from torch.distributed.fsdp import FullyShardedDataParallel, MixedPrecision
from torch.distributed.fsdp.wrap import CustomPolicy

from thoughtrank.finetuning.distributed.sharded_parameters import full_shape, record_full_shape

_WRAPPING = "_fsdp_wrapped_module."


class FullyShardedStrategy(FSDPStrategy):
    """Lightning's FSDP strategy with checkpoints in parts, buffers in float32, and clipping by the norm over all devices."""

    divides_weights = True

    def __init__(self) -> None:
        super().__init__(sharding_strategy="FULL_SHARD", state_dict_type="sharded")

    @property
    def mixed_precision_config(self) -> MixedPrecision | None:
        """As in Lightning, but buffers stay float32: they are rotary frequencies, and gradients are summed in float32."""
        if self.precision_plugin.precision == "32-true":
            return None
        # Batches are token ids; there is nothing to be cast in the inputs, which torch would try on a frozen dataclass.
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
        """As in Lightning, with each layer a unit, and with a name for the CPU, which it leaves out."""
        module: Any = model
        for parameter in module.parameters():
            # From here on a rank's tensor is a flat part of the parameter.
            record_full_shape(parameter)
        layers = {id(layer) for layer in module.model.get_decoder().layers}
        return FullyShardedDataParallel(
            module,
            sharding_strategy=self.sharding_strategy,
            mixed_precision=self.mixed_precision_config,
            auto_wrap_policy=CustomPolicy(lambda each: id(each) in layers),
            device_id=self.root_device,
            use_orig_params=True,
        )

    def clip_gradients(self, max_norm: float) -> Tensor:
        """Clip to the norm of the whole gradient, and return what it was."""
        root: Any = self.model
        norm: Tensor = root.clip_grad_norm_(max_norm)
        return norm

    def gather(self, model: torch.nn.Module) -> dict[str, Tensor]:
        """All weights in the main memory of rank 0, one unit after the other; nothing on the other ranks."""
        gathered = {}
        assert self.model is not None
        for unit in FullyShardedDataParallel.fsdp_modules(self.model):
            with FullyShardedDataParallel.summon_full_params(unit, recurse=False, writeback=False):
                for name, parameter in model.named_parameters():
                    if self.is_global_zero and parameter.shape == full_shape(parameter):
                        gathered[name.replace(_WRAPPING, "")] = parameter.detach().cpu().clone()
        return gathered
