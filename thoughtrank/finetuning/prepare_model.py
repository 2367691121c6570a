"""What makes the model itself faster or smaller, without changing what it computes."""

from typing import Any

import torch

from thoughtrank.errors import UserError
from thoughtrank.finetuning.kernels.packed_attention import ATTENTION
from thoughtrank.finetuning.kernels.recompute_layers import use_recompute_layers


def prepare_model(
    model: Any, *, packing: bool, gradient_checkpointing: bool, compile_layers: bool, alone: bool = False
) -> None:
    """Set a causal LM up for training.

    Args:
        model: changed in place.
        packing: batches are packed.
        gradient_checkpointing: keep only the input of each layer, and compute the rest again in the backward pass.
        compile_layers: let torch compile the layers, one after the other.
        alone: one device trains it, and nothing collects gradients as they come.

    Raises:
        UserError: the model cannot do what is asked for.
    """
    if packing:
        if not model._supports_attention_backend:
            raise UserError(
                f"training.packing=true does not work with {type(model).__name__}, whose attention cannot be exchanged: set "
                "training.packing=false"
            )
        model.set_attn_implementation(ATTENTION)
    if gradient_checkpointing:
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    if torch.cuda.is_available():
        _use_liger_kernels(model)
    elif not compile_layers:  # a compiler decides itself what it fuses and keeps
        use_recompute_layers(model, single_device=alone)
    if compile_layers:
        for layer in model.get_decoder().layers:
            layer.compile(dynamic=True)


def _use_liger_kernels(model: Any) -> None:
    """Fused norms, rotary embeddings and activations, where the package liger-kernel is installed."""
    from transformers.utils import is_liger_kernel_available

    if is_liger_kernel_available():
        from liger_kernel.transformers import _apply_liger_kernel_to_instance

        # The loss is this project's own: it needs logits of the targets only.
        _apply_liger_kernel_to_instance(model=model, fused_linear_cross_entropy=False, cross_entropy=False)
