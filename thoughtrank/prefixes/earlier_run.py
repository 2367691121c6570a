"""What finished rounds know of prefixes: which candidates are genuine wins. Reads tables of training questions only.

A *genuine win* has the best rank of its question, where some answer was better than another, and a positive gain if the run
computed gains.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from thoughtrank.errors import UserError
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.records import Candidate, Gain, RankedCandidate
from thoughtrank.storage.done_marker import DONE
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import TableRows
from thoughtrank.user_input.user_paths import user_path


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedRound:
    """The tables of one round.

    Attributes:
        candidates, rankings: of the same candidates.
        gains: None where the round computed none.
    """

    candidates: Path
    rankings: Path
    gains: Path | None

    def wins(self) -> dict[str, RankedCandidate]:
        """Candidate id to its row in the rankings, for all genuine wins, in order.

        Raises:
            UserError: a table is damaged.
        """
        gains = None
        if self.gains is not None:
            gains = {row.candidate_id: row.gain for row in TableRows(self.gains, Gain)}
        wins: dict[str, RankedCandidate] = {}
        for _, rows in groupby(TableRows(self.rankings, RankedCandidate), key=lambda row: row.question_id):
            winners = _winners(list(rows))
            wins |= {row.candidate_id: row for row in winners if gains is None or gains.get(row.candidate_id, 0.0) > 0}
        return wins

    def genuine_thoughts(self) -> "Iterator[GenuineThought]":
        """The thoughts of all genuine wins, in order.

        Raises:
            UserError: a table is damaged.
        """
        wins = self.wins()
        for row in TableRows(self.candidates, Candidate, without=("thought_ids", "answer_ids")):
            if row.candidate_id in wins:
                yield GenuineThought(question_id=row.question_id, thought=row.thought)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenuineThought:
    """The thought of a genuine win, and its question."""

    question_id: str
    thought: str


class ReadPrefixes(NamedTuple):
    """The prefixes that a set found in an earlier run; none where there are faults.

    Attributes:
        prefixes: in order.
        faults: one sentence each.
        questions: ids of those on which they were chosen.
    """

    prefixes: tuple[Prefix, ...]
    faults: list[str]
    questions: frozenset[str] = frozenset()


class EarlierRun:
    """The finished rankings of a run.

    Args:
        folder: the run folder, as users write it.
        rounds: how many rounds are read, from the first one on; None for all that are ranked.
    """

    def __init__(self, folder: str, *, rounds: int | None) -> None:
        self._folder = user_path(folder)
        self._paths = RunPaths(Path(self._folder))
        self._rounds = rounds

    def numbers(self) -> list[int]:
        """The rounds that are read.

        Raises:
            UserError: there is no such run, or not as many rounds are ranked.
        """
        found: list[int] = []
        while (self._rankings(len(found) + 1) / DONE).exists() and len(found) != self._rounds:
            found.append(len(found) + 1)
        if len(found) < (self._rounds or 1):
            if not self._folder.is_dir():
                raise UserError(f"{self._folder}: no such folder: name a run folder such as runs/first")
            rounds = f"{len(found) or 'no'} ranked round{'s' if len(found) > 1 else ''}"
            wanted = f", but {self._rounds} are read" if (self._rounds or 1) > 1 else ""
            raise UserError(
                f"{self._folder} has {rounds}{wanted}: name a run folder such as runs/first whose rounds are ranked"
            )
        return found

    def wins(self) -> dict[str, RankedCandidate]:
        """Candidate id to its row in the rankings, for all genuine wins of all rounds, in order.

        Raises:
            UserError: see ``numbers``; or a table is damaged.
        """
        wins: dict[str, RankedCandidate] = {}
        for number in self.numbers():
            wins |= self._round(number).wins()
        return wins

    def genuine_thoughts(self) -> Iterator[GenuineThought]:
        """The thoughts of all genuine wins of all rounds, in order.

        Raises:
            UserError: see ``numbers``; or a table is damaged.
        """
        for number in self.numbers():
            yield from self._round(number).genuine_thoughts()

    def candidates(self) -> Iterator[Candidate]:
        """The candidates of all rounds, in order.

        Raises:
            UserError: see ``numbers``; or a table is damaged.
        """
        for number in self.numbers():
            yield from TableRows(self._paths.candidates(number), Candidate)

    def _rankings(self, number: int) -> Path:
        return self._paths.rankings(number)

    def _round(self, number: int) -> RankedRound:
        gains = self._paths.gains(number)
        return RankedRound(
            candidates=self._paths.candidates(number),
            rankings=self._rankings(number),
            gains=gains if (gains / DONE).exists() else None,
        )


def cover(solved: Mapping[str, set[str]], *, count: int) -> list[str]:
    """The ``count`` best names, chosen one by one: always the one that adds most questions to those that are solved already.

    Among equals, and where all solvable questions are solved, those that solve more in all come first, then those that come
    first in ``solved``. This greedy choice solves at least 63 % of the questions that any ``count`` names can (Nemhauser et
    al., 1978).

    Args:
        solved: name to the questions it solves.
        count: how many; fewer where there are no more.
    """
    left, chosen, done = list(solved), list[str](), set[str]()
    while left and len(chosen) < count:
        best = max(left, key=lambda name: (len(solved[name] - done), len(solved[name])))
        left.remove(best)
        chosen.append(best)
        done |= solved[best]
    return chosen


def without_model(prefix: str) -> str:
    """The name of a prefix without that of the model, which it has where several models generated."""
    return re.sub(r" \((?:base|previous)\)$", "", prefix)


def _winners(rows: Sequence[RankedCandidate]) -> list[RankedCandidate]:
    ranks = [row.rank for row in rows if row.rank is not None]
    if not ranks or min(ranks) == max(ranks):
        return []
    return [row for row in rows if row.rank == min(ranks)]
