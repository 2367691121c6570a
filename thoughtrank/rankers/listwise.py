"""All answers in one call, in several shuffles (permutation self-consistency, arXiv 2310.07712)."""

from typing import ClassVar

from thoughtrank.rankers.comparison_ranker import too_small
from thoughtrank.rankers.comparisons import Comparisons
from thoughtrank.rankers.context_packing import with_group_calls
from thoughtrank.rankers.non_adaptive import NonAdaptiveRanker, NonAdaptiveState
from thoughtrank.rankers.protocol import Work


class Listwise(NonAdaptiveRanker):
    """Has all answers ranked at once; where the judge's context is too small, in as few groups as it allows.

    Args:
        num_permutations: calls, each in another shuffle.
    """

    version: ClassVar[int] = 3

    def __init__(self, *, num_permutations: int = 1) -> None:
        self.num_permutations = num_permutations

    def faults(self) -> list[str]:
        """``num_permutations`` is less than 1."""
        return too_small(1, num_permutations=self.num_permutations)

    def max_work(self, answers: int) -> Work:
        """All answers in every call."""
        return Work(calls=self.num_permutations, answers_shown=self.num_permutations * answers)

    def planned(self, state: NonAdaptiveState) -> Comparisons:
        """One call per permutation."""
        comparisons = state.comparisons
        return with_group_calls(
            comparisons,
            comparisons.ids,
            salt="permutation",
            size=len(comparisons.ids),
            context_tokens=state.context_tokens,
            repetitions=self.num_permutations,
        )
