"""The control ``answers_only``: the answers of the selected candidates without their thoughts.

Its completions have an empty thought, which is what the arm that makes a model answer at once forces, so that the control
meets there what it was trained on.
"""

import random
from dataclasses import replace
from typing import ClassVar

from thoughtrank.controls.protocol import ExamplesControl, SelectedQuestion
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.duplicate_answers import duplicate_classes
from thoughtrank.records import Candidate


class AnswersOnly(ExamplesControl):
    """Both variants."""

    name: ClassVar[str] = "answers_only"
    arms: ClassVar[tuple[ArmName, ...]] = ("thought", "answer_at_once", "room_to_reason", "best_of_n")


class AnswerCopies(AnswersOnly):
    """One example for each of the run's, copies of one answer included: as many examples, in as many steps."""

    variant: ClassVar[str | None] = "copies"

    def choose(self, question: SelectedQuestion, *, rng: random.Random) -> list[Candidate]:
        """See ``ExamplesControl``."""
        return [without_thought(each) for each in question.selected]


class AnswerPairs(AnswersOnly):
    """Each distinct pair of question and answer once per epoch, in as many steps, with early stopping where possible."""

    variant: ClassVar[str | None] = "pairs"
    equal_steps: ClassVar[bool] = True

    def choose(self, question: SelectedQuestion, *, rng: random.Random) -> list[Candidate]:
        """See ``ExamplesControl``."""
        classes = duplicate_classes([AnswerView(each.candidate_id, each.answer) for each in question.selected])
        first = {each.representative.answer_id for each in classes}
        return [without_thought(each) for each in question.selected if each.candidate_id in first]


def without_thought(candidate: Candidate) -> Candidate:
    """The same with an empty thought."""
    return replace(candidate, thought="", thought_tokens=0, thought_ids=(), thought_finish="stop")
