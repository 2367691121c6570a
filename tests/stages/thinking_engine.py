"""An engine that thinks and is right, and an evaluation with it."""

import re
from dataclasses import replace

from fake_engine import FakeEngine

from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.stages.arm_replies import ReplySettings
from thoughtrank.stages.evaluation import Evaluation

SETTINGS = ReplySettings(reply_tokens=30, thought_tokens=9, answer_tokens=7, stem="So it is", temperature=0.5)


class Thinks(FakeEngine):
    """Thinks and is right where nothing is forced, and is wrong without a thought; question 0 never ends its thought.

    After a stem it answers with the last number of the thought that is forced, or else with 100.
    """

    def answer(self, request, branch):
        number = int(request.prompt.partition("What is ")[2].partition(" +")[0])
        if branch.opener.endswith(SETTINGS.stem):
            return f" {(re.findall('[0-9]+', branch.opener) or [100])[-1]}. Yes, 5."
        if branch.opener:
            return "The answer is 100."
        return (
            "<thought>on and on"
            if number == 0
            else f"<thought>{number} + 1 = {number + 1}</thought>It is {number + 1}."
        )

    def continuation(self, request, branch):
        made = super().continuation(request, branch)
        return replace(made, answer="", answer_ids=()) if branch.in_thought else made


def evaluation(store, base, questions):
    """An evaluation in both free arms, by an engine that thinks."""
    return Evaluation(
        name="round 1 evaluation",
        published=store.paths.replies(1),
        questions=questions,
        model=base,
        engine=Thinks(),
        arms=("thought", "room_to_reason"),
        settings=SETTINGS,
        scorer=ReferenceScorer(),
    )
