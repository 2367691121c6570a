"""All answers in one look, in several shuffles (permutation self-consistency, arXiv 2310.07712)."""

from thoughtrank.errors import UserError
from thoughtrank.rankers.comparisons import Evidence, shuffled, with_looks
from thoughtrank.rankers.context_packing import packed
from thoughtrank.rankers.non_adaptive import OneStage, OneStageState
from thoughtrank.rankers.protocol import Work


class Listwise(OneStage):
    """Has all answers ranked at once; where the judge's context is too small, in as few groups as it allows.

    Args:
        num_permutations: looks, each in another shuffle.

    Raises:
        UserError: ``num_permutations`` is less than 1.
    """

    def __init__(self, *, num_permutations: int = 1) -> None:
        if num_permutations < 1:
            raise UserError(f"ranker.num_permutations is {num_permutations}: it must be at least 1")
        self.num_permutations = num_permutations

    def identity(self) -> dict[str, object]:
        """The name and the number of looks."""
        return {"ranker": "listwise", "version": 3, "num_permutations": self.num_permutations}

    def most_work(self, answers: int) -> Work:
        """All answers in every look."""
        return Work(looks=self.num_permutations, shown=self.num_permutations * answers)

    def looks(self, state: OneStageState) -> Evidence:
        """One look per permutation."""
        evidence = state.evidence
        for time in range(self.num_permutations):
            answers = shuffled(evidence, evidence.ids, salt=f"permutation/{time}")
            groups = packed(answers, size=len(answers), asked=evidence.asked, context_tokens=state.context_tokens)
            evidence = with_looks(evidence, groups)
        return evidence
