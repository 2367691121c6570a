"""Openers mined from an earlier run: the first words of its genuine thoughts."""

import re
from functools import cached_property
from typing import NamedTuple

from thoughtrank.errors import UserError
from thoughtrank.instantiate import Component
from thoughtrank.prefixes.earlier_run import EarlierRun, cover
from thoughtrank.prefixes.protocol import Prefix, PrefixSet


class _Read(NamedTuple):
    prefixes: tuple[Prefix, ...]
    faults: list[str]


class MinedPrefixes(Component, PrefixSet):
    """First words of the genuine wins of an earlier run (see ``earlier_run``), mined on its training questions.

    They are chosen one after the other, always the opener that solves most questions that those before it do not.

    Args:
        run: folder of the earlier run.
        count: number of openers; fewer where the run has fewer.
        words: how many first words of a thought make an opener; a thought has to have more.
        min_questions: an opener is mined if it has a genuine win in as many questions; 1 also takes those that suit a single
            question, such as its numbers.
        rounds: how many of its rounds are read, from the first on; None for all that are ranked.
    """

    def __init__(
        self, *, run: str, count: int, words: int = 2, min_questions: int = 2, rounds: int | None = None
    ) -> None:
        self.run = run
        self.count = count
        self.words = words
        self.min_questions = min_questions
        self.rounds = rounds

    def faults(self) -> list[str]:
        """See ``PrefixSet``: also a run that is missing, or without an opener to mine."""
        settings = {
            "count": self.count,
            "words": self.words,
            "min_questions": self.min_questions,
            "rounds": 1 if self.rounds is None else self.rounds,
        }
        faults = [f"prefixes.mined.{key}={value}: give 1 or more" for key, value in settings.items() if value < 1]
        return faults or self._read.faults

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``; none where there are faults."""
        return self._read.prefixes

    @cached_property
    def _read(self) -> _Read:
        try:
            mined = self._mine(EarlierRun(self.run, rounds=self.rounds))
        except UserError as error:
            return _Read((), [f"prefixes.mined.run: {fault}" for fault in error.faults])
        if not mined:
            return _Read(
                (),
                [
                    f"prefixes.mined.run={self.run}: no {self.words} first words of its genuine thoughts are shared by "
                    f"{self.min_questions} questions: lower prefixes.mined.words or prefixes.mined.min_questions"
                ],
            )
        return _Read(tuple(Prefix(name=text, text=text) for text in mined), [])

    def _mine(self, run: EarlierRun) -> list[str]:
        wins = run.wins()
        solved: dict[str, set[str]] = {}
        for candidate in run.candidates():
            if candidate.candidate_id not in wins:
                continue
            text = first_words(candidate.thought, count=self.words)
            if text is not None:
                solved.setdefault(text, set()).add(candidate.question_id)
        shared = {text: solved[text] for text in sorted(solved) if len(solved[text]) >= self.min_questions}
        return cover(shared, count=self.count)


def first_words(thought: str, *, count: int) -> str | None:
    """The first ``count`` words of a thought, as it has them.

    None where it has no more, or where a tag or half a character may be in them.
    """
    match = re.match(rf"\s*(\S+(?:\s+\S+){{{count - 1}}})(?=\s+\S)", thought)
    if match is None or set(match[1]) & {"<", ">", "\ufffd"}:
        return None
    return match[1]
