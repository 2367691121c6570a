"""Loads the model to train, and writes the trained one, whole or divided over the ranks."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from thoughtrank.errors import UserError
from thoughtrank.finetuning.weight_formats import Weights


def load_model(folder: str, *, weights: Weights, frozen: bool, trainer: pl.Trainer) -> PreTrainedModel:
    """The model in ``folder`` as the trainer's strategy wants it; call it inside ``configure_model``.

    Args:
        folder: of the model.
        weights: the number format of what is trained.
        frozen: the model itself is not trained, only what an adapter puts in.
        trainer: of the training.
    """
    strategy: Any = trainer.strategy
    # Where the trainer is told "bf16-true", its engine (DeepSpeed) keeps float32 master weights itself.
    # Frozen weights need no master: the folder holds bf16, and bf16 arithmetic would round them anyway.
    in_bf16 = (
        weights != "fp32_master" or trainer.precision == "bf16-true" or (frozen and trainer.precision == "bf16-mixed")
    )
    dtype = torch.bfloat16 if in_bf16 else torch.float32
    if getattr(strategy, "zero_stage_3", False):
        return strategy.load_divided(folder, dtype=dtype)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)


def save_model(model: Any, tokenizer: Any, *, output: Path, trainer: pl.Trainer) -> None:
    """Rank 0 writes one plain bf16 folder; all ranks have to call this."""
    strategy: Any = trainer.strategy
    gathered = strategy.gather(model) if _divides_weights(strategy) else None
    if not trainer.is_global_zero:
        return
    model.config.use_cache = True
    if gathered is None:
        model.to(torch.bfloat16).save_pretrained(output)
    else:
        state = {name: tensor.to(torch.bfloat16) for name, tensor in gathered.items()}
        model.save_pretrained(output, state_dict=state)
        # It wrote the format of the model in memory.
        model.config.dtype = torch.bfloat16
        model.config.save_pretrained(output)
    tokenizer.save_pretrained(output)


def _divides_weights(strategy: Any) -> bool:
    return bool(getattr(strategy, "zero_stage_3", False) or getattr(strategy, "divides_weights", False))


_FULL_DISK_WORDS = ("No space left on device", "PytorchStreamWriter failed", "iostream error", "unexpected pos")
"""safetensors and torch's writer of zip files have errors of their own, with the system's words or with none."""


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Turn the many ways in which libraries report a full disk into one.

    Raises:
        UserError: the disk of ``folder`` is full.
    """
    try:
        yield
    except Exception as error:
        if not _is_full_disk(error):
            raise
        raise UserError(
            f"the disk of {folder} is full, or a quota is reached: what was being saved is incomplete and will not be used. "
            "The model of the round before is untouched; make room and run the same command again"
        ) from error


def _is_full_disk(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(words in str(error) for words in _FULL_DISK_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
