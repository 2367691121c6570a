"""Converts one row of a file or dataset to a question, or reports why it cannot."""

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal

from thoughtrank.records import Question, ReferenceKind

ANSWERS_COLUMN = "answers"
"""A list of accepted answers, read where the answer column has none."""


class BadRowError(Exception):
    """One row cannot be used; the message is the reason."""


def row_to_question(
    values: Mapping[str, object],
    *,
    question_column: str | Sequence[str],
    answer_column: str,
    family_column: str,
    source: str,
    answer_after: str | None = None,
    answer_kind: ReferenceKind | None = None,
) -> Question:
    """The question of one row.

    Args:
        values: the row.
        question_column: the field with the question, or the fields that are joined to it, one line each.
        answer_column: the field with the reference answer: a string, a number, true or false, or a list of all accepted
            answers; it may be missing. Then the list of ``ANSWERS_COLUMN`` is taken.
        family_column: the field with the kind of question; it may be missing.
        source: prefix of the question's id.
        answer_after: the reference answer is what follows the last of these in its field; None takes the whole field.
        answer_kind: kind of the reference answers, if the source names it.

    Raises:
        BadRowError: the row has no usable question, or its answer is not usable.
    """
    text = _joined(values, columns=column_names(question_column))
    answers = _answers(values, column=answer_column)
    if answer_after is not None:
        answers = [_after(answer, mark=answer_after, column=answer_column) for answer in answers]
    return Question(
        question_id=f"{source}-{digest(text)[:12]}",
        text=text,
        answer=answers[0] if answers else None,
        family=_plain(values.get(family_column), column=family_column),
        accepted=tuple(answers[1:]),
        answer_kind=answer_kind,
    )


def column_names(columns: str | Sequence[str]) -> Sequence[str]:
    """One column or several, as a list."""
    return [columns] if isinstance(columns, str) else columns


def _joined(values: Mapping[str, object], *, columns: Sequence[str]) -> str:
    """The text of a question; columns after the first may be missing or empty."""
    parts = []
    for column in columns:
        text = values.get(column)
        if text is None and column == columns[0]:
            raise BadRowError(f"no {column!r}")
        if not isinstance(text, str | None):
            raise BadRowError(f"{column!r} is not a string")
        parts.append(_clean(text or "", column=column))
    if not parts[0]:
        raise BadRowError(f"{columns[0]!r} is empty")
    return "\n".join(filter(None, parts))


def _answers(values: Mapping[str, object], *, column: str) -> list[str]:
    """The accepted answers, without repetitions."""
    value = values.get(column)
    if value is None:
        value, column = values.get(ANSWERS_COLUMN), ANSWERS_COLUMN
    found = [_plain(each, column=column) for each in (value if isinstance(value, list | tuple) else [value])]
    return list(dict.fromkeys(each for each in found if each is not None))


def _after(answer: str, *, mark: str, column: str) -> str:
    _, found, rest = answer.rpartition(mark)
    if not found or not rest.strip():
        raise BadRowError(f"no answer after {mark!r} in {column!r}")
    return rest.strip()


def _plain(value: object, *, column: str) -> str | None:
    """A string, or a number in plain decimal notation; None for a missing value or an empty string."""
    if isinstance(value, str):
        return _clean(value, column=column) or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float | Decimal):
        raise BadRowError(f"{column!r} is neither a string nor a number")
    # Integers first: one with hundreds of digits is fine as text, but too large for isfinite.
    if not isinstance(value, int) and not math.isfinite(value):
        raise BadRowError(f"{column!r} is not a finite number")
    if value == int(value):
        return str(int(value))
    return format(Decimal(_shortest(value) if isinstance(value, float) else str(value)).normalize(), "f")


def _shortest(value: float) -> str:
    """The shortest decimal of a number. One that was stored with 32 bits, such as 6.400000095367432, is 6.4."""
    stored = struct.pack("f", value)  # no fraction is too large for it
    if struct.unpack("f", stored)[0] != value:
        return str(value)
    return next(text for digits in range(1, 18) if struct.pack("f", float(text := f"{value:.{digits}g}")) == stored)


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
