"""Converts one row of a file or dataset to a question, or reports why it cannot."""

import hashlib
import math
from collections.abc import Mapping
from decimal import Decimal

from thoughtrank.records import Question


class BadRowError(Exception):
    """One row cannot be used; the message is the reason."""


def row_to_question(
    values: Mapping[str, object],
    *,
    question_column: str,
    answer_column: str,
    family_column: str,
    source: str,
    answer_after: str | None = None,
) -> Question:
    """The question of one row.

    Args:
        values: the row.
        question_column: the field with the question.
        answer_column: the field with the reference answer, a string or a number; it may be missing.
        family_column: the field with the kind of question; it may be missing.
        source: prefix of the question's id.
        answer_after: the reference answer is what follows the last of these in its field; None takes the whole field.

    Raises:
        BadRowError: the row has no usable question, or its answer is not usable.
    """
    text = values.get(question_column)
    if text is None:
        raise BadRowError(f"no {question_column!r}")
    if not isinstance(text, str):
        raise BadRowError(f"{question_column!r} is not a string")
    text = _clean(text, column=question_column)
    if not text:
        raise BadRowError(f"{question_column!r} is empty")
    answer = _plain(values.get(answer_column), column=answer_column)
    if answer is not None and answer_after is not None:
        _, found, answer = answer.rpartition(answer_after)
        if not found or not answer.strip():
            raise BadRowError(f"no answer after {answer_after!r} in {answer_column!r}")
        answer = answer.strip()
    return Question(
        question_id=f"{source}-{digest(text)[:12]}",
        text=text,
        answer=answer,
        family=_plain(values.get(family_column), column=family_column),
    )


def _plain(value: object, *, column: str) -> str | None:
    """A string, or a number in plain decimal notation; None for a missing value or an empty string."""
    if isinstance(value, str):
        return _clean(value, column=column) or None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BadRowError(f"{column!r} is neither a string nor a number")
    # Integers first: one with hundreds of digits is fine as text, but too large for isfinite.
    if not isinstance(value, int) and not math.isfinite(value):
        raise BadRowError(f"{column!r} is not a finite number")
    if value == int(value):
        return str(int(value))
    return format(Decimal(str(value)).normalize(), "f")


def _clean(text: str, *, column: str) -> str:
    require_encodable(text, column=column)
    return text.strip()


def require_encodable(text: str, *, column: str) -> None:
    """Check that a text can be written as UTF-8.

    Raises:
        BadRowError: it contains a lone surrogate.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRowError(f"{column!r} contains half of a character (a lone surrogate)") from None


def digest(text: str) -> str:
    """sha256 in hex digits: determines a question's id and its position in the order."""
    return hashlib.sha256(text.encode()).hexdigest()
