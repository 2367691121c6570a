"""The selector protocol."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from thoughtrank.records import Candidate, RankedCandidate


class Selector(Protocol):
    """Selects the candidates of one question to train on.

    Attributes:
        version: part of ``identity``; raise it when the same settings give other results.
        operational: constructor arguments that cannot change results.
    """

    version: ClassVar[int]
    operational: ClassVar[frozenset[str]]

    def faults(self) -> list[str]:
        """What the user has to fix, one sentence each."""
        ...

    def identity(self) -> dict[str, object]:
        """The settings that decide the choice."""
        ...

    def notes(self) -> list[str]:
        """What the user should know before the run, one sentence each; shown in the plan."""
        ...

    def select(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """The candidates of one question to train on, best first; possibly none.

        Args:
            candidates: all of the question.
            ranking: one row for each of them.
        """
        ...
