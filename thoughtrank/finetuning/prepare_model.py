"""Chooses the kernels of a model: they make it faster or smaller, and do not change what it computes."""

import os
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError, install_line
from thoughtrank.finetuning.kernels.chunked_cross_entropy import compiles_triton
from thoughtrank.finetuning.kernels.packed_attention import ATTENTION
from thoughtrank.finetuning.kernels.recompute_layers import use_recompute_layers
from thoughtrank.finetuning.model_support import packing_faults
from thoughtrank.output.terminal import print_text

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def prepare_model(
    model: "PreTrainedModel",
    *,
    device: "torch.device",
    packing: bool,
    gradient_checkpointing: bool,
    compile_layers: bool,
    single_device: bool = False,
) -> None:
    """Set up a causal LM for training.

    Args:
        model: changed in place.
        device: that trains it.
        packing: batches are packed.
        gradient_checkpointing: keep only the input of each layer, and recompute the rest in the backward pass.
        compile_layers: compile the layers with torch, one by one.
        single_device: one device trains the whole model, and no hook consumes gradients during the backward pass.

    Raises:
        UserError: the model does not support one of the settings.
    """
    if packing:
        if faults := packing_faults(model):
            raise UserError(*faults)
        model.set_attn_implementation(ATTENTION)
    if gradient_checkpointing:
        _checkpoint_activations(model)
    if compile_layers:  # a compiler chooses itself what to fuse and to keep, and does not trace Liger's functions
        for layer in _decoder_layers(model):
            layer.compile(dynamic=True)
    elif device.type == "cuda":
        _use_liger_kernels(model, device)
    else:
        use_recompute_layers(model, single_device=single_device)


def _decoder_layers(model: "PreTrainedModel") -> "torch.nn.ModuleList":
    """Under whatever name the decoder keeps its list of layers."""
    from torch.nn import ModuleList

    return next(each for each in model.get_decoder().children() if isinstance(each, ModuleList))


def _checkpoint_activations(model: "PreTrainedModel") -> None:
    if hasattr(model, "activation_checkpointing_enable"):
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    else:  # before transformers 5.23, which machines without a network may have: see benchmarks/gpu_site.py
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def _use_liger_kernels(model: "PreTrainedModel", device: "torch.device") -> None:
    """Fused norms, rotary embeddings and activations, if the package liger-kernel is installed and can compile."""
    from transformers.utils import is_liger_kernel_available

    if not is_liger_kernel_available():
        if os.environ.get("RANK", "0") == "0":
            print_text(f"training is faster with the kernels of liger-kernel: {install_line('cuda')}")
        return
    if not compiles_triton(device):
        return  # Triton does not work here, and has said why
    from liger_kernel.transformers import _apply_liger_kernel_to_instance

    # The loss is this project's own, which computes logits of the targets only.
    _apply_liger_kernel_to_instance(model=model, fused_linear_cross_entropy=False, cross_entropy=False)
