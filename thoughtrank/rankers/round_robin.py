"""Every pair of answers in a look of its own: the reference for all other rankers, and far too dear for use."""

from itertools import combinations

from thoughtrank.rankers.comparisons import Evidence, with_looks
from thoughtrank.rankers.non_adaptive import OneStage, OneStageState
from thoughtrank.rankers.protocol import Work


class RoundRobin(OneStage):
    """Has all pairs compared, and fits one strength to each answer (Bradley-Terry, which is Plackett-Luce of two).

    Args:
        both_orders: show each pair in both orders. Otherwise each pair is shown in one order, drawn by its look's seed, which
            turns a judge's liking for the first place into noise.
    """

    def __init__(self, *, both_orders: bool = False) -> None:
        self.both_orders = both_orders

    def identity(self) -> dict[str, object]:
        """The name and whether both orders are shown."""
        return {"ranker": "round_robin", "version": 3, "both_orders": self.both_orders}

    def most_work(self, answers: int) -> Work:
        """All pairs."""
        pairs = answers * (answers - 1) // 2 * (2 if self.both_orders else 1)
        return Work(looks=pairs, shown=2 * pairs)

    def looks(self, state: OneStageState) -> Evidence:
        """One look per pair, or two."""
        pairs = combinations(state.evidence.asked.answers, 2)
        return with_looks(state.evidence, pairs, reverse=self.both_orders)
