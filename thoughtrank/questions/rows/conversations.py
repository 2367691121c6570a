"""Reads a conversation from a row: ``messages`` (role, content) or ShareGPT's ``conversations`` (from, value).

The last turn of the user is the question, and the turns before it are its context. A reply that follows it is the data's own,
and is not shown to the model. Turns of one speaker in a row are joined. What earlier replies wrote between tags of a thought is
left out, as chat templates of reasoning models do: a model is never shown a thought that it did not write, and a judge is shown
none at all.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from thoughtrank.questions.rows.bad_row import BadRowError, clean
from thoughtrank.records import Role, Turn

CONVERSATION_COLUMNS = ("messages", "conversations", "conversation")
"""Columns with a conversation, read where the question column is missing."""
SYSTEM_COLUMN = "system"
"""A system prompt beside the conversation, read where the conversation has none."""

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "bot": "assistant",
}
_KEYS = (("role", "content"), ("from", "value"))
_TAG_NAMES = "thought|think|thinking|reasoning"
_THOUGHT = re.compile(rf"<({_TAG_NAMES})>.*?</\1>\s*", re.DOTALL)
_UNOPENED_THOUGHT = re.compile(rf"\A.*</(?:{_TAG_NAMES})>\s*", re.DOTALL)
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})>")


class Conversation(NamedTuple):
    """A conversation that a question ends.

    Attributes:
        context: the turns before the question.
        question: the last turn of the user.
        reply: the turn after it; empty where there is none.
    """

    context: tuple[Turn, ...]
    question: str
    reply: str


def is_conversation(value: object) -> bool:
    """Whether a value of a row is a list of turns, well-formed or not; ``datasets`` may have one list per key instead."""
    if isinstance(value, Mapping):
        return any(set(keys) <= value.keys() for keys in _KEYS)
    return isinstance(value, list | tuple) and all(isinstance(each, Mapping) for each in value)


def is_turns(value: object) -> bool:
    """Whether a value of a row is a list of turns, of which the first names its speaker."""
    return (
        isinstance(value, list) and bool(value) and is_conversation(value) and bool(value[0].keys() & {"role", "from"})
    )


def first_reasoning_tag(text: str) -> str | None:
    """The first tag of a thought in a text, of this project's or of another one's; None where there is none."""
    found = _TAG.search(text)
    return found[0] if found else None


def read_conversation(value: object, *, column: str, system: object = None) -> Conversation:
    """The conversation of one row.

    Args:
        value: of the column.
        column: its name, for messages.
        system: the system prompt beside it, if there is one.

    Raises:
        BadRowError: it has no turn of the user, a turn that cannot be asked, or turns in an order that chat templates refuse.
    """
    turns = _joined([_turn(each, number, column=column) for number, each in enumerate(_listed(value), start=1)])
    if isinstance(system, str) and system.strip() and not any(turn.role == "system" for turn in turns):
        turns.insert(0, Turn("system", clean(system, column=SYSTEM_COLUMN)))
    last = max((number for number, turn in enumerate(turns) if turn.role == "user"), default=None)
    if last is None:
        raise BadRowError(f"{column!r} has no turn of the user")
    _check_order(turns, column=column)
    question = turns[last].content
    if not question:
        raise BadRowError(f"the last turn of the user in {column!r} is empty")
    # An empty system prompt is none.
    context = tuple(turn for turn in turns[:last] if turn.content or turn.role != "system")
    reply = turns[last + 1].content if last + 1 < len(turns) else ""
    return Conversation(context=context, question=question, reply=reply)


def _listed(value: object) -> Sequence[object]:
    if not isinstance(value, Mapping):
        return cast("Sequence[object]", value)
    columns = next([value[key] for key in keys] for keys in _KEYS if set(keys) <= value.keys())
    names = next(keys for keys in _KEYS if set(keys) <= value.keys())
    return [dict(zip(names, pair, strict=False)) for pair in zip(*columns, strict=False)]


def _turn(value: object, number: int, *, column: str) -> Turn:
    """One turn; ``number`` counts from 1."""
    where = f"turn {number} of {column!r}"
    assert isinstance(value, Mapping)
    keys = next((keys for keys in _KEYS if set(keys) <= value.keys()), None)
    if keys is None:
        raise BadRowError(f"{where} has neither 'role' and 'content' nor 'from' and 'value'")
    name, content = value[keys[0]], value[keys[1]]
    role = _ROLES.get(name.strip().lower()) if isinstance(name, str) else None
    if role is None:
        raise BadRowError(f"{where} has the role {name!r}: only turns of system, user and assistant can be asked")
    if value.get("tool_calls") or value.get("function_call"):
        raise BadRowError(f"{where} calls a tool: only text can be asked")
    text = clean(_text(content, where=where), column=column)
    return Turn(role, _without_thought(text) if role == "assistant" else text)


def _text(content: object, *, where: str) -> str:
    """The text of a content, which may be a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple):
        raise BadRowError(f"{where} has no text")
    texts = [each.get("text") if isinstance(each, Mapping) else each for each in content]
    if not all(isinstance(text, str) for text in texts):
        raise BadRowError(f"{where} has a part that is no text, such as an image: only text can be asked")
    return "\n".join(map(str, texts))


def _without_thought(text: str) -> str:
    return _UNOPENED_THOUGHT.sub("", _THOUGHT.sub("", text)).strip()


def _joined(turns: Sequence[Turn]) -> list[Turn]:
    """The turns, those of the user or the assistant in a row as one: chat templates want them to take turns."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and turn.role == joined[-1].role != "system":
            text = "\n\n".join(filter(None, (joined.pop().content, turn.content)))
            turn = Turn(turn.role, text)
        joined.append(turn)
    return joined


def _check_order(turns: Sequence[Turn], *, column: str) -> None:
    """System prompts only come first, then user and assistant take turns.

    Raises:
        BadRowError: they do not.
    """
    first = next(number for number, turn in enumerate(turns) if turn.role != "system")
    if first > 1:
        raise BadRowError(f"{column!r} begins with {first} system prompts: give one")
    for number, turn in enumerate(turns[first:]):
        wanted = "assistant" if number % 2 else "user"
        if turn.role != wanted:
            raise BadRowError(
                f"turn {first + number + 1} of {column!r} is one of the {turn.role}, where one of the {wanted} has to come: "
                "after a system prompt, user and assistant take turns"
            )
