"""The trained parameters of a model: which they are, how many, and which get weight decay. Imports nothing heavy."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from thoughtrank.finetuning.distributed.sharded_parameters import full_shape
from thoughtrank.finetuning.weight_formats import Shapes

if TYPE_CHECKING:
    import torch

ParameterGroups = list[dict[str, Any]]
"""Groups as torch's optimizers take them, with the keys ``params`` and ``weight_decay``."""


def num_values(shapes: Shapes) -> int:
    """Number of values in all of ``shapes``."""
    return sum(math.prod(shape) for shape in shapes.values())


def trained_parameters(model: "torch.nn.Module") -> "dict[str, torch.nn.Parameter]":
    """The parameters that require a gradient, by name; tied ones once."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def embedding_names(model: "torch.nn.Module") -> frozenset[str]:
    """Names of the parameters of embeddings and of the output head."""
    import torch
    from transformers import PreTrainedModel

    modules: list[torch.nn.Module] = [module for module in model.modules() if isinstance(module, torch.nn.Embedding)]
    if isinstance(model, PreTrainedModel) and model.get_output_embeddings() is not None:
        modules.append(model.get_output_embeddings())
    found = {id(parameter) for module in modules for parameter in module.parameters()}
    return frozenset(name for name, parameter in model.named_parameters() if id(parameter) in found)


def decay_groups(parameters: "Sequence[torch.nn.Parameter]", *, weight_decay: float) -> ParameterGroups:
    """Parameter groups: matrices with weight decay, norms and biases without; empty groups are left out.

    DeepSpeed drops empty groups, and the learning-rate schedule would then have one group too many.
    """
    matrices = [parameter for parameter in parameters if len(full_shape(parameter)) >= 2]
    vectors = [parameter for parameter in parameters if len(full_shape(parameter)) < 2]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
