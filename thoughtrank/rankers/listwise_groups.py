"""Shuffled groups, each answer in the same number of them: a full order at a known price, in one round."""

from thoughtrank.errors import UserError
from thoughtrank.rankers.comparisons import Evidence, shuffled, with_looks
from thoughtrank.rankers.context_packing import SMALLEST_GROUP, packed
from thoughtrank.rankers.non_adaptive import OneStage, OneStageState
from thoughtrank.rankers.protocol import Work


class ListwiseGroups(OneStage):
    """Splits the shuffled answers into groups, ``looks`` times over, and has each group ranked by one look.

    Args:
        group_size: most answers per look, at least 3.
        looks: how often each answer is looked at, each time among others.

    Raises:
        UserError: ``group_size`` is less than 3, or ``looks`` less than 1.
    """

    def __init__(self, *, group_size: int = 8, looks: int = 3) -> None:
        if group_size < SMALLEST_GROUP:
            raise UserError(f"ranker.group_size is {group_size}: it must be at least {SMALLEST_GROUP}")
        if looks < 1:
            raise UserError(f"ranker.looks is {looks}: it must be at least 1")
        self.group_size = group_size
        self.times = looks

    def identity(self) -> dict[str, object]:
        """The name and the settings."""
        return {"ranker": "listwise_groups", "version": 4, "group_size": self.group_size, "looks": self.times}

    def most_work(self, answers: int) -> Work:
        """``looks`` times all groups."""
        return Work(looks=self.times * -(-answers // self.group_size), shown=self.times * answers)

    def looks(self, state: OneStageState) -> Evidence:
        """Groups from ``looks`` shuffles."""
        evidence = state.evidence
        for time in range(self.times):
            answers = shuffled(evidence, evidence.ids, salt=f"groups/0/{time}")
            groups = packed(answers, size=self.group_size, asked=evidence.asked, context_tokens=state.context_tokens)
            evidence = with_looks(evidence, groups)
        return evidence
