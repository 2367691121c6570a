"""One grade for each answer alone: cheap, but coarse."""

from typing import ClassVar

from thoughtrank.rankers.comparison_ranker import too_small
from thoughtrank.rankers.comparisons import Comparisons, with_calls
from thoughtrank.rankers.non_adaptive import NonAdaptiveRanker, NonAdaptiveState
from thoughtrank.rankers.posterior import tie_groups
from thoughtrank.rankers.protocol import RankResult, Work


class Pointwise(NonAdaptiveRanker):
    """Has every answer graded from 1 to 10, and sorts by the mean grade; equal means share a rank.

    An exact judge gives no grades: it orders all answers in one call.

    Args:
        looks: grades per answer.
    """

    version: ClassVar[int] = 1

    def __init__(self, *, looks: int = 1) -> None:
        self.looks = looks

    def faults(self) -> list[str]:
        """``looks`` is less than 1."""
        return too_small(1, looks=self.looks)

    def max_work(self, answers: int) -> Work:
        """One call per answer and grade."""
        return Work(calls=self.looks * answers, answers_shown=self.looks * answers)

    def planned(self, state: NonAdaptiveState) -> Comparisons:
        """``looks`` calls about each answer alone."""
        comparisons = state.comparisons
        for _ in range(self.looks):
            comparisons = with_calls(
                comparisons, [(answer,) for answer in comparisons.all_answers.answers], mode="score"
            )
        return comparisons

    def result(self, state: NonAdaptiveState) -> RankResult:
        """By mean grade."""
        comparisons = state.comparisons
        if not comparisons.scores:
            return super().result(state)
        grades: dict[str, list[float]] = {}
        for answer_id, grade in comparisons.scores:
            grades.setdefault(answer_id, []).append(grade)
        means = {
            each: sum(values) / len(values) for each, values in grades.items() if each not in comparisons.set_aside
        }
        return RankResult(groups=tie_groups(means), unranked=comparisons.unranked(), scores=means)
