"""Loads the model to train, and writes the trained one as a plain Hugging Face folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from thoughtrank.finetuning.weight_formats import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from thoughtrank.finetuning.distributed.training_engine import TrainingEngine


def load_model(
    folder: str, *, weights: Weights, frozen: bool, engine: "TrainingEngine", masters: bool = False
) -> "PreTrainedModel":
    """The model in ``folder`` as the engine holds it; call it inside ``configure_model``.

    Args:
        folder: of the model.
        weights: number format of the trained weights.
        frozen: the weights of the model are frozen, and an adapter is trained.
        engine: of the training.
        masters: the optimizer holds float32 master weights.
    """
    precision = engine.trainer.precision
    # With "bf16-true" the engine (DeepSpeed) keeps float32 master weights itself.
    # Frozen weights need no masters: the folder holds bf16, and bf16 arithmetic would round them anyway.
    in_bf16 = masters or weights != "fp32_master" or precision == "bf16-true" or (frozen and precision == "bf16-mixed")
    return engine.load_model(folder, dtype=torch.bfloat16 if in_bf16 else torch.float32)


def freeze_other_parts(model: "PreTrainedModel") -> None:
    """Freeze what no text passes through, such as Gemma 3's vision tower: it gets no gradient."""
    used = {
        parameter
        for part in (model.get_decoder(), model.get_output_embeddings())
        if part is not None
        for parameter in part.parameters()
    }
    for parameter in model.parameters():
        if parameter not in used:
            parameter.requires_grad_(False)


def save_model(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", *, output: Path, engine: "TrainingEngine"
) -> None:
    """Write one plain bf16 folder on rank 0; all ranks have to call this."""
    gathered = engine.gather_weights(model)
    if not engine.trainer.is_global_zero:
        return
    model.config.use_cache = True
    if gathered is None:
        model.to(torch.bfloat16).save_pretrained(output)  # type: ignore[arg-type]
    else:
        state = {name: tensor.to(torch.bfloat16) for name, tensor in gathered.items()}
        model.save_pretrained(output, state_dict=state)
        # transformers wrote the number format of the model in memory.
        model.config.dtype = torch.bfloat16
        model.config.save_pretrained(output)
    tokenizer.save_pretrained(output)
