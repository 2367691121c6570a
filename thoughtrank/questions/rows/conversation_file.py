"""Reads the conversation in which a question is asked, from a JSON file of one conversation in the shape of a row's."""

import json
from collections.abc import Mapping
from pathlib import Path

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.bad_row import BadRowError
from thoughtrank.questions.rows.conversations import (
    CONVERSATION_COLUMNS,
    SYSTEM_COLUMN,
    Conversation,
    is_conversation,
    read_conversation,
)


def conversation_of_file(path: Path, *, question: str | None) -> Conversation:
    """The conversation that ends in a question.

    Args:
        path: a list of turns, or an object with one and perhaps a system prompt beside it, as in a question file.
        question: asked after the turns of the file; None asks the last turn of the user in it.

    Raises:
        UserError: the file has no such conversation.
    """
    turns, column, system = _turns(path)
    if question is not None:
        turns = [*turns, {"role": "user", "content": question}]
    try:
        return read_conversation(turns, column=column, system=system)
    except BadRowError as error:
        raise UserError(f"{path}: {error}") from None


def ends_with_question(path: Path) -> bool:
    """Whether the last turn of the file is one of the user.

    Raises:
        UserError: the file has no conversation.
    """
    turns, _, _ = _turns(path)
    last: Mapping[str, object] = turns[-1] if turns else {}
    return str(last.get("role", last.get("from"))).strip().lower() in ("user", "human")


def _turns(path: Path) -> tuple[list[Mapping[str, object]], str, object]:
    """The turns of a file, the name of their column for messages, and the system prompt beside them."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read as JSON: {error}") from None
    column: str = CONVERSATION_COLUMNS[0]
    system: object = None
    if isinstance(value, dict):
        column = next((each for each in CONVERSATION_COLUMNS if each in value), column)
        system = value.get(SYSTEM_COLUMN)
        value = value.get(column, [] if system is not None else None)
    if not isinstance(value, list) or not is_conversation(value):
        raise UserError(
            f'{path} has no conversation: it must be a list of turns, such as [{{"role": "system", "content": "Be brief."}}]'
        )
    return value, column, system
