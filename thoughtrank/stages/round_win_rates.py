"""The judged comparisons of one round, built from the run and completed."""

from typing import Any

from thoughtrank.evaluation.judged_comparisons import compared_questions, judged_comparisons
from thoughtrank.stages.build import StageBuilder
from thoughtrank.stages.rounds import Round
from thoughtrank.stages.win_rates import Replies, WinRates, figures


def round_win_rates(builder: StageBuilder, current: Round) -> dict[str, dict[str, Any]]:
    """Do what is still to be done of a round's comparisons; returns the figures of each by its name.

    Empty where no test question is to be compared, or the judge cannot compare.

    Args:
        builder: of the run.
        current: the round, evaluated.

    Raises:
        UserError: the judge is unavailable or ``judge.budget`` is reached; all verdicts so far are kept.
    """
    config, judge = builder.config, builder.components.judge
    which, needs_reference = config.evaluation.win_rates, judge.needs_reference
    questions = compared_questions(builder.questions.evaluation(), which, needs_reference=needs_reference)
    if not questions:
        return {}
    found = {}
    replies = current.artifacts["evaluation"]
    for each in judged_comparisons(config.evaluation.arms, number=current.number, rounds=config.rounds):
        other = Replies(table=replies, arm="room_to_reason")
        if each.against == "round_0":
            other = Replies(table=builder.rounds[0].artifacts["evaluation"], arm=each.arm)
        stage = WinRates(
            name=f"round {current.number} {each.name.replace('_', ' ')}",
            published=builder.store.paths.win_rates(current.number, each.name),
            questions=questions,
            first=Replies(table=replies, arm=each.arm),
            second=other,
            judge=judge,
            budget=builder.budget,
            seed=config.seed,
        )
        found[each.name] = figures(builder.store.complete(stage).facts)
    return found
