"""Silences routine messages of libraries, so that a run prints its own progress and warnings that matter."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType

_ROUTINE_RECORDS = ("Setting accelerator to CPU",)
_ROUTINE_WARNINGS = (
    "does not have many workers",
    "lr_scheduler.step",
    "in eval mode at the start",
    "treespec, LeafSpec",
    "load_state_dict",
    "training_step. returned .None",
    "FSDP is switching to use `NO_SHARD`",  # on a single device there is nothing to shard
    "AccumulateGrad node's stream does not match",  # DDP keeps references to these nodes
    "IProgress not found",  # in notebooks without ipywidgets; this project shows lines there
)


def _is_not_routine(record: logging.LogRecord) -> bool:
    return not any(text in record.getMessage() for text in _ROUTINE_RECORDS)


def silence_library_logs() -> None:
    """Disable progress bars for loading and saving weights, and notices of DeepSpeed, Lightning and Liger about missing
    devices.

    Call it before a model is loaded. Other warnings and errors of these libraries are still shown.
    """
    logging.getLogger("DeepSpeed").addFilter(_is_not_routine)
    # Liger warns of every kind of device that it has kernels for and this machine has not.
    for name in ("pytorch_lightning", "lightning.pytorch", "liger_kernel.backends.registry"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for text in _ROUTINE_WARNINGS:  # the one of tqdm comes with the import below
        warnings.filterwarnings("ignore", message=f".*{text}.*")
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()


@contextmanager
def without_bar(module: ModuleType) -> Iterator[None]:
    """Inside, a module that shows bars of tqdm and has no setting for them shows none."""
    names = vars(module)
    shown = names.get("tqdm")
    if shown is None:
        yield
        return
    names["tqdm"] = partial(shown, disable=True)
    try:
        yield
    finally:
        names["tqdm"] = shown
