"""Shuffled groups, each answer in the same number of them: a full order at a known cost, in one round."""

from typing import ClassVar

from thoughtrank.rankers.comparison_ranker import too_small
from thoughtrank.rankers.comparisons import Comparisons
from thoughtrank.rankers.context_packing import MIN_GROUP_SIZE, with_group_calls
from thoughtrank.rankers.non_adaptive import NonAdaptiveRanker, NonAdaptiveState
from thoughtrank.rankers.protocol import Work


class ListwiseGroups(NonAdaptiveRanker):
    """Splits the shuffled answers into groups, ``looks`` times over, and has each group ranked by one call.

    Args:
        group_size: most answers per call, at least 3.
        looks: calls per answer, each time among other answers.
    """

    version: ClassVar[int] = 4

    def __init__(self, *, group_size: int = 8, looks: int = 3) -> None:
        self.group_size = group_size
        self.looks = looks

    def faults(self) -> list[str]:
        """Settings that are too small."""
        return too_small(MIN_GROUP_SIZE, group_size=self.group_size) + too_small(1, looks=self.looks)

    def max_work(self, answers: int) -> Work:
        """``looks`` times all groups."""
        return Work(calls=self.looks * -(-answers // self.group_size), answers_shown=self.looks * answers)

    def planned(self, state: NonAdaptiveState) -> Comparisons:
        """Groups from ``looks`` shuffles."""
        return with_group_calls(
            state.comparisons,
            state.comparisons.ids,
            salt="groups/0",
            size=self.group_size,
            context_tokens=state.context_tokens,
            repetitions=self.looks,
        )
