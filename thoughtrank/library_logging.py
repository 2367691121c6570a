"""Silences what libraries say about themselves, so that a run's output is its own progress and warnings that matter."""

import logging
import warnings

_NOT_NEWS = ("Setting accelerator to CPU",)


def _is_news(record: logging.LogRecord) -> bool:
    return not any(text in record.getMessage() for text in _NOT_NEWS)


def quiet_libraries() -> None:
    """Drop the bars of loading and writing weights, and DeepSpeed's and Lightning's notices about a missing GPU.

    Call it before a model is loaded. Warnings and errors of these libraries are still shown.
    """
    logging.getLogger("DeepSpeed").addFilter(_is_news)
    for name in ("pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    notices = (
        "does not have many workers",
        "lr_scheduler.step",
        "in eval mode at the start",
        "treespec, LeafSpec",
        "load_state_dict",
    )
    for notice in notices:
        warnings.filterwarnings("ignore", message=f".*{notice}.*")
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
