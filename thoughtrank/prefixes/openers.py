"""Openers: the first words of genuine thoughts, and the choice of those that solve most questions together."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from thoughtrank.prefixes.earlier_run import GenuineThought, cover


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """One chosen opener.

    Attributes:
        prefix_set: name of the set that it belongs to.
        opener: its text.
        wins: genuine wins whose thoughts begin with it.
        questions: how many questions these solve.
        adds: those of them that no opener before it solves.
    """

    prefix_set: str
    opener: str
    wins: int
    questions: int
    adds: int


def no_opener(*, words: int, min_questions: int) -> str:
    """Why ``mine_openers`` found none, as a part of a sentence; the arguments are the same."""
    if min_questions == 1:
        return f"no genuine thought has more than {words} word{'s' if words > 1 else ''}"
    if words == 1:
        return f"no first word of genuine thoughts is shared by {min_questions} questions"
    return f"no {words} first words of genuine thoughts are shared by {min_questions} questions"


def mine_openers(
    thoughts: Iterable[GenuineThought],
    *,
    words: int,
    min_questions: int,
    count: int,
    most_bytes: int | None = None,
    prefix_set: str = "",
) -> list[Opener]:
    """The best openers, chosen one after the other: always the one that solves most questions that those before it do not.

    Args:
        thoughts: of genuine wins, in order.
        words: how many first words make an opener.
        min_questions: how many questions an opener has to solve.
        count: how many openers; fewer where there are no more.
        most_bytes: of an opener, in UTF-8; None for no limit.
        prefix_set: passed through.
    """
    wins: dict[str, int] = {}
    solved: dict[str, set[str]] = {}
    for each in thoughts:
        text = first_words(each.thought, count=words)
        if text is None or (most_bytes is not None and len(text.encode()) > most_bytes):
            continue
        wins[text] = wins.get(text, 0) + 1
        solved.setdefault(text, set()).add(each.question_id)
    shared = {text: solved[text] for text in sorted(solved) if len(solved[text]) >= min_questions}
    openers, done = [], set[str]()
    for text in cover(shared, count=count):
        openers.append(
            Opener(
                prefix_set=prefix_set,
                opener=text,
                wins=wins[text],
                questions=len(shared[text]),
                adds=len(shared[text] - done),
            )
        )
        done |= shared[text]
    return openers


def first_words(thought: str, *, count: int) -> str | None:
    """The first ``count`` words of a thought, as it has them.

    None where it has no more, or where a tag or half a character may be in them.
    """
    match = re.match(rf"\s*(\S+(?:\s+\S+){{{count - 1}}})(?=\s+\S)", thought)
    if match is None or set(match[1]) & {"<", ">", "\ufffd"}:
        return None
    return match[1]
