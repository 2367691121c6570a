"""The control ``random_thoughts``: what the choice among the winners is worth."""

import random
from typing import ClassVar

from thoughtrank.controls.protocol import ExamplesControl, SelectedQuestion, draw, usable
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.records import Candidate


class RandomThoughts(ExamplesControl):
    """As many candidates of each question as were selected, drawn among those with the best rank."""

    name: ClassVar[str] = "random_thoughts"
    arms: ClassVar[tuple[ArmName, ...]] = ("thought", "own_thought", "answer_at_once")

    def choose(self, question: SelectedQuestion, *, rng: random.Random) -> list[Candidate]:
        """See ``ExamplesControl``."""
        ranks = {row.candidate_id: row.rank for row in question.ranking if row.rank is not None}
        best = min(ranks.values())
        winners = [each for each in usable(question) if ranks.get(each.candidate_id) == best]
        return draw(winners, number=len(question.selected), rng=rng)
