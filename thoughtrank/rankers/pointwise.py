"""One grade for each answer by itself: cheap in the number of answers, and coarse."""

from thoughtrank.errors import UserError
from thoughtrank.rankers.comparisons import Evidence, with_looks
from thoughtrank.rankers.non_adaptive import OneStage, OneStageState
from thoughtrank.rankers.posterior import tie_groups
from thoughtrank.rankers.protocol import RankResult, Work


class Pointwise(OneStage):
    """Has every answer graded from 1 to 10, and sorts by the mean grade; equal means share a rank.

    An exact judge is not asked for grades: it puts all answers in order at once.

    Args:
        looks: grades per answer.

    Raises:
        UserError: ``looks`` is less than 1.
    """

    def __init__(self, *, looks: int = 1) -> None:
        if looks < 1:
            raise UserError(f"ranker.looks is {looks}: it must be at least 1")
        self.times = looks

    def identity(self) -> dict[str, object]:
        """The name and the number of grades."""
        return {"ranker": "pointwise", "version": 1, "looks": self.times}

    def most_work(self, answers: int) -> Work:
        """One look per answer and grade."""
        return Work(looks=self.times * answers, shown=self.times * answers)

    def looks(self, state: OneStageState) -> Evidence:
        """``looks`` looks at each answer alone."""
        evidence = state.evidence
        for _ in range(self.times):
            evidence = with_looks(evidence, [(answer,) for answer in evidence.asked.answers], mode="score")
        return evidence

    def result(self, state: OneStageState) -> RankResult:
        """By mean grade."""
        evidence = state.evidence
        if not evidence.scores:
            return super().result(state)
        grades: dict[str, list[float]] = {}
        for answer_id, grade in evidence.scores:
            grades.setdefault(answer_id, []).append(grade)
        means = {each: sum(values) / len(values) for each, values in grades.items() if each not in evidence.set_aside}
        return RankResult(groups=tie_groups(means), unranked=evidence.unranked(), scores=means)
