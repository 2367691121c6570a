"""Converts one row of a file or dataset to a question, or reports why it cannot."""

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from thoughtrank.questions.rows.bad_row import BadRowError, clean
from thoughtrank.questions.rows.conversations import (
    CONVERSATION_COLUMNS,
    SYSTEM_COLUMN,
    Conversation,
    is_conversation,
    read_conversation,
)
from thoughtrank.questions.rows.question_column import columns_text
from thoughtrank.records import Question, ReferenceKind

ANSWERS_COLUMN = "answers"
"""A list of accepted answers, read where the answer column has none."""
OPTION_COLUMNS = ("choices", "options", "answerKey")
"""Columns of multiple-choice sets. They are part of no question unless they are named; a note says so."""


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
        question_column: the field with the question or with a conversation that ends in it, or the fields that are joined to
            it, one line each. Where it is missing, a conversation in one of ``CONVERSATION_COLUMNS`` is taken.
        answer_column: the field with the reference answer: a string, a number, true or false, or a list of all accepted
            answers; it may be missing. Then the list of ``ANSWERS_COLUMN`` is taken. The field with the conversation stands for
            the reply that follows the question in it.
        family_column: the field with the kind of question; it may be missing.
        source: prefix of the question's id.
        answer_after: the reference answer is what follows the last of these in its field; None takes the whole field.
        answer_kind: kind of the reference answers, if the source names it.

    Raises:
        BadRowError: the row has no usable question, or its answer is not usable.
    """
    columns = column_names(question_column)
    column = _conversation_column(values, columns=columns)
    if column is None:
        conversation = Conversation(context=(), question=_joined(values, columns=columns), reply="")
    else:
        conversation = read_conversation(values[column], column=column, system=values.get(SYSTEM_COLUMN))
    replied = column is not None and column == answer_column
    answers = [conversation.reply] * bool(conversation.reply) if replied else _answers(values, column=answer_column)
    if answer_after is not None:
        answers = [_after(answer, mark=answer_after, column=answer_column) for answer in answers]
    question = Question(
        question_id="",
        text=conversation.question,
        context=conversation.context,
        answer=answers[0] if answers else None,
        family=plain_text(values.get(family_column), column=family_column),
        accepted=tuple(answers[1:]),
        answer_kind=answer_kind,
    )
    return replace(question, question_id=f"{source}-{digest(question.key)[:12]}")


def read_columns(question_column: str | Sequence[str], *others: str) -> tuple[str, ...]:
    """All columns that questions are made of, or that something is said about, those of the question first, each once."""
    read = (*column_names(question_column), *CONVERSATION_COLUMNS, SYSTEM_COLUMN, *others, ANSWERS_COLUMN)
    columns = (*read, *OPTION_COLUMNS)
    return tuple(dict.fromkeys(columns))


def _conversation_column(values: Mapping[str, object], *, columns: Sequence[str]) -> str | None:
    """The field with a conversation, if the question is in one."""
    if values.get(columns[0]) is None:
        return next((each for each in CONVERSATION_COLUMNS if is_conversation(values.get(each))), None)
    return columns[0] if len(columns) == 1 and is_conversation(values[columns[0]]) else None


def column_names(columns: str | Sequence[str]) -> Sequence[str]:
    """One column or several, as a list."""
    return [columns] if isinstance(columns, str) else columns


def _joined(values: Mapping[str, object], *, columns: Sequence[str]) -> str:
    """The text of a question; columns after the first may be missing or empty."""
    parts = []
    for column in columns:
        text = values.get(column)
        if text is None and column == columns[0]:
            raise BadRowError(f"no {column!r}{_instead(values)}")
        if not isinstance(text, str | None):
            raise BadRowError(f"{column!r} is not a string")
        parts.append(clean(text or "", column=column))
    if not parts[0]:
        raise BadRowError(f"{columns[0]!r} is empty")
    return "\n".join(filter(None, parts))


def _instead(values: Mapping[str, object]) -> str:
    """What a row has in place of a question."""
    broken = next((each for each in CONVERSATION_COLUMNS if isinstance(values.get(each), list)), None)
    if broken is not None:
        return f", and {broken!r} has a turn that is no object"
    return columns_text(values)


def _answers(values: Mapping[str, object], *, column: str) -> list[str]:
    """The accepted answers, without repetitions."""
    value = values.get(column)
    if value is None:
        value, column = values.get(ANSWERS_COLUMN), ANSWERS_COLUMN
    found = [plain_text(each, column=column) for each in (value if isinstance(value, list | tuple) else [value])]
    return list(dict.fromkeys(each for each in found if each is not None))


def _after(answer: str, *, mark: str, column: str) -> str:
    _, found, rest = answer.rpartition(mark)
    if not found or not rest.strip():
        raise BadRowError(f"no answer after {mark!r} in {column!r}")
    return rest.strip()


def plain_text(value: object, *, column: str) -> str | None:
    """A string, or a number in plain decimal notation; None for a missing value or an empty string.

    Raises:
        BadRowError: it is neither, not finite, or contains a lone surrogate.
    """
    if isinstance(value, str):
        return clean(value, column=column) or None
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


def digest(text: str) -> str:
    """sha256 in hex digits: determines a question's id and its position in the order."""
    return hashlib.sha256(text.encode()).hexdigest()
