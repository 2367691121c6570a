"""How a thought is written in text: the tags, the reply they form, and how a reply is parsed.

The tags are plain text, not added tokens: any tokenizer can encode them, and a released model needs no special support.
"""

from dataclasses import dataclass
from typing import NamedTuple

OPEN_TAG = "<thought>"
CLOSE_TAG = "</thought>"
EMPTY_THOUGHT = OPEN_TAG + CLOSE_TAG
"""Forced before an answer to make the model answer directly."""


def opener(prefix: str, *, closed: bool = False) -> str:
    """The text that starts a reply whose thought begins with ``prefix``, or with ``closed`` consists of it."""
    return OPEN_TAG + prefix + (CLOSE_TAG if closed else "")


def answer_opener(*, thought: str, stem: str) -> str:
    """The text that starts a reply with a closed thought and an answer stem, so that only the answer is left to write.

    Models write an empty line between thought and answer.
    """
    return f"{opener(thought, closed=True)}\n\n{stem}"


def reply(*, thought: str, answer: str) -> str:
    """The whole reply as the model should write it, without the end-of-turn token."""
    return f"{OPEN_TAG}{thought}{CLOSE_TAG}{answer}"


class SplitThought(NamedTuple):
    """A text whose beginning is inside a thought, split at the first closing tag.

    Attributes:
        thought: the text before the tag; all of it where there is no tag.
        closed: there is a closing tag.
        rest: the text after the tag; may contain further tags.
    """

    thought: str
    closed: bool
    rest: str


def split_thought(text: str) -> SplitThought:
    """Split ``text``, which begins inside a thought, at the first closing tag."""
    thought, tag, rest = text.partition(CLOSE_TAG)
    return SplitThought(thought, bool(tag), rest)


def first_tag(text: str) -> str | None:
    """The first kind of tag, opening before closing, that occurs in ``text``; None where there is no tag."""
    return next((tag for tag in (OPEN_TAG, CLOSE_TAG) if tag in text), None)


def text_before_tag(text: str) -> str | None:
    """The text before the first tag of either kind; None where there is no tag."""
    before = min((text.partition(tag)[0] for tag in (OPEN_TAG, CLOSE_TAG)), key=len)
    return None if len(before) == len(text) else before


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A freely generated reply, parsed.

    Attributes:
        answer: the text that counts as the answer; None where a thought is opened and never closed.
        thought: text of the first thought; None where the reply opens none.
        well_formed: the reply starts with an opening tag, closes the thought exactly once, and then has an answer.
    """

    answer: str | None
    thought: str | None
    well_formed: bool


def parse_reply(text: str) -> ParsedReply:
    """Parse a reply that was generated without a forced beginning.

    A reply that opens no thought is its own answer. Text before a closing tag is never the answer, and an unclosed thought
    leaves ``answer`` None. With several thoughts, the answer is the text after the last one.
    """
    before, opened, inside = text.partition(OPEN_TAG)
    if not opened:
        return ParsedReply(answer=text.rpartition(CLOSE_TAG)[2], thought=None, well_formed=False)
    first = split_thought(inside)
    answer = _answer_after_last_thought(first)
    well_formed = (
        not before
        and first_tag(first.thought) is None
        and first_tag(first.rest) is None
        and bool((answer or "").strip())
    )
    return ParsedReply(answer=answer, thought=first.thought, well_formed=well_formed)


def _answer_after_last_thought(first: SplitThought) -> str | None:
    """The text after the last closing tag; None where the last thought is not closed."""
    current = first
    while current.closed:
        outside, opened, inside = current.rest.partition(OPEN_TAG)
        if not opened:
            return outside.rpartition(CLOSE_TAG)[2]
        current = split_thought(inside)
    return None
