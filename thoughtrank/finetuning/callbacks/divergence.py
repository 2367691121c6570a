"""Ends a training that has diverged, and saves what was in the step that did."""

import math
from pathlib import Path

from thoughtrank.errors import UserError
from thoughtrank.storage.json_files import write_json

BAD_STEP_FILE = "_bad_step.json"
_MAX_LOSS_RATIO = 2.0
"""Of the loss to that of a uniform guess among all tokens, above which nothing is learned any more."""


def has_diverged(*, loss: float, gradient_norm: float | None, vocabulary: int) -> bool:
    """Whether the loss (nats per token) or the gradient is not finite, or the loss far above that of guessing.

    Args:
        loss: of an optimizer step, the mean over its target tokens, weighted as in training.
        gradient_norm: before clipping; None if unknown.
        vocabulary: number of tokens the model chooses among.
    """
    finite = math.isfinite(loss) and (gradient_norm is None or math.isfinite(gradient_norm))
    return not finite or loss > _MAX_LOSS_RATIO * math.log(max(2, vocabulary))


def stop_diverged(
    folder: Path, *, step: int, loss: float, gradient_norm: float | None, question_ids: list[str], write: bool
) -> None:
    """Write ``_bad_step.json`` into ``folder``, on the rank with ``write``, and end the training.

    Raises:
        UserError: always.
    """
    path = folder / BAD_STEP_FILE
    if write:
        facts = {"step": step, "loss": str(loss), "gradient_norm": str(gradient_norm), "question_ids": question_ids}
        write_json(path, facts)
    norm = "" if gradient_norm is None else f", gradient norm {gradient_norm:.3g}"
    raise UserError(
        f"training diverged in step {step}: loss {loss:.3g}{norm}. The ids of its questions are in {path}. Lower "
        "optimizer.lr, set training.precision=32-true, or remove unusual texts among these questions"
    )
