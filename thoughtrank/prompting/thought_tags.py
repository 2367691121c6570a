"""How a thought is written in text: the tags, the reply they make, and how a reply is read back.

The tags are plain text, never added tokens: any tokenizer can write them, and a released model needs nothing special.
"""

from dataclasses import dataclass

OPEN_TAG = "<thought>"
CLOSE_TAG = "</thought>"
EMPTY_THOUGHT = OPEN_TAG + CLOSE_TAG
"""Forced before an answer to have the model answer directly."""


def opener(prefix: str, *, closed: bool = False) -> str:
    """The text that starts a reply whose thought begins with ``prefix``, or where ``closed`` consists of it."""
    return OPEN_TAG + prefix + (CLOSE_TAG if closed else "")


def reply(*, thought: str, answer: str) -> str:
    """The whole reply as the model should write it, without the end-of-turn token."""
    return f"{OPEN_TAG}{thought}{CLOSE_TAG}{answer}"


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A free-running reply, taken apart.

    Attributes:
        answer: what counts as the answer; None where a thought was opened and never closed.
        thought: text of the first thought, or None where the reply opens none.
        well_formed: the reply opens a thought as its very first characters, closes it once, and then answers.
    """

    answer: str | None
    thought: str | None
    well_formed: bool


def parse_reply(text: str) -> ParsedReply:
    """Read a reply that nothing was forced into.

    A reply that opens no thought is its own answer. Text before a closing tag is never taken for an answer, and an
    unclosed thought leaves ``answer`` None.
    """
    if OPEN_TAG not in text:
        return ParsedReply(answer=text.rpartition(CLOSE_TAG)[2], thought=None, well_formed=False)
    before, _, rest = text.partition(OPEN_TAG)
    thought, closed, after = rest.partition(CLOSE_TAG)
    if not closed:
        return ParsedReply(answer=None, thought=thought, well_formed=False)
    once = OPEN_TAG not in thought + after and CLOSE_TAG not in after
    if OPEN_TAG in after:
        reopened = parse_reply(after)
        return ParsedReply(answer=reopened.answer, thought=thought, well_formed=False)
    answer = after.rpartition(CLOSE_TAG)[2]
    return ParsedReply(answer=answer, thought=thought, well_formed=once and not before and bool(answer.strip()))
