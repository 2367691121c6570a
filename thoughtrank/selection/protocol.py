"""The selector protocols."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from thoughtrank.records import Candidate, Gain, RankedCandidate


class Chooser(Protocol):
    """Says which candidates of a question get a gain."""

    def choosable(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """The candidates of one question that could be selected, in their order: only these get a gain.

        Args:
            candidates: all of the question.
            ranking: one row for each of them.
        """
        ...

    def choosable_settings(self) -> dict[str, object]:
        """The settings that decide which candidates are ``choosable``: gains are shared by choosers that agree on them."""
        ...


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


@runtime_checkable
class GainSelector(Selector, Chooser, Protocol):
    """A selector that can weigh thoughts by their gain; see ``gains.thought_gain``."""

    @property
    def needs_gains(self) -> bool:
        """Whether the choice depends on gains: the stage that computes them is run only then."""
        ...

    def for_engine(self, *, scores: bool) -> "GainSelector":
        """This selector with its ``auto`` settings resolved.

        Args:
            scores: whether the engine can score answers.
        """
        ...

    def plan_line(self) -> str:
        """How the thoughts of an answer are chosen, for the plan."""
        ...

    def select_by_gain(
        self,
        candidates: Sequence[Candidate],
        ranking: Sequence[RankedCandidate],
        gains: Mapping[str, Gain],
    ) -> list[Candidate]:
        """See ``select``.

        Args:
            candidates: all of the question.
            ranking: one row for each of them.
            gains: candidate id to its gain, for all ``choosable`` ones.
        """
        ...


def needs_gains(selector: Selector) -> bool:
    """Whether the choice of any selector depends on gains."""
    return isinstance(selector, GainSelector) and selector.needs_gains
