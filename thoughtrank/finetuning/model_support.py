"""Whether a model can be trained with the settings of a run, found from its modules before it has weights."""

from typing import TYPE_CHECKING

from thoughtrank.finetuning.protocols import Adapter
from thoughtrank.models.special_parts import attention_dropout, attention_extras, has_plain_attention, logit_scale

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def training_model_faults(
    model: "PreTrainedModel", *, packing: bool, gradient_checkpointing: bool, adapter: Adapter
) -> list[str]:
    """What of a model cannot be trained, one sentence each.

    Args:
        model: without weights (on torch's meta device); it may be changed.
        packing: ``training.packing``.
        gradient_checkpointing: ``training.gradient_checkpointing`` is true.
        adapter: the component.
    """
    name = type(model).__name__
    faults = packing_faults(model) if packing else []
    if gradient_checkpointing and not model.supports_gradient_checkpointing:
        faults.append(f"training.gradient_checkpointing=true does not work with {name}: set it to false")
    if scale := logit_scale(model):
        faults.append(f"a {name} cannot be trained: the loss here leaves out what it does to its logits ({scale})")
    return [*faults, *adapter.model_faults(model)]


def packing_faults(model: "PreTrainedModel") -> list[str]:
    """Why ``training.packing=true`` cannot train a model, in one sentence."""
    name = type(model).__name__
    if not has_plain_attention(model):
        return [
            f"training.packing=true does not work with {name}, whose attention cannot be exchanged: set training.packing=false"
        ]
    extras = attention_extras(model)
    if dropout := attention_dropout(model):
        extras.append(f"has dropout ({dropout})")
    if not extras:
        return []
    return [
        f"training.packing=true does not work with {name}, whose attention {' and '.join(extras)}: set training.packing=false"
    ]
