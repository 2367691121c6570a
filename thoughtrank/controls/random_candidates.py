"""The control ``random_candidates``: what the ranking and the filters of selection are worth."""

import random
from typing import ClassVar

from thoughtrank.controls.protocol import ExamplesControl, SelectedQuestion, draw, usable
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.records import Candidate


class RandomCandidates(ExamplesControl):
    """As many candidates of each question as were selected, drawn regardless of rank."""

    name: ClassVar[str] = "random_candidates"
    arms: ClassVar[tuple[ArmName, ...]] = ("thought", "own_thought", "answer_at_once")

    def choose(self, question: SelectedQuestion, *, rng: random.Random) -> list[Candidate]:
        """See ``ExamplesControl``."""
        return draw(usable(question), number=len(question.selected), rng=rng)
