"""Every pair of answers in a call of its own: the reference for all other rankers, too expensive for regular use."""

from itertools import combinations
from typing import ClassVar

from thoughtrank.rankers.comparisons import Comparisons, with_calls
from thoughtrank.rankers.non_adaptive import NonAdaptiveRanker, NonAdaptiveState
from thoughtrank.rankers.protocol import Work


class RoundRobin(NonAdaptiveRanker):
    """Compares all pairs, and fits one strength to each answer (Bradley-Terry, which is Plackett-Luce with two answers).

    Args:
        both_orders: show each pair in both orders. Otherwise each pair is shown in one order, drawn from its call's seed, which
            turns a judge's position bias into noise.
    """

    version: ClassVar[int] = 3

    def __init__(self, *, both_orders: bool = False) -> None:
        self.both_orders = both_orders

    def max_work(self, answers: int) -> Work:
        """All pairs."""
        pairs = answers * (answers - 1) // 2 * (2 if self.both_orders else 1)
        return Work(calls=pairs, answers_shown=2 * pairs)

    def planned(self, state: NonAdaptiveState) -> Comparisons:
        """One call per pair, or two."""
        pairs = combinations(state.comparisons.all_answers.answers, 2)
        return with_calls(state.comparisons, pairs, both_orders=self.both_orders)
