"""What the selection stage asks of a selector."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from thoughtrank.records import Candidate, RankedCandidate


class Selector(Protocol):
    """A component of the config group ``selection``."""

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
