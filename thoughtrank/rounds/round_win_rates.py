"""The judged comparisons of one round, or of a training control, built from the run and completed."""

from collections.abc import Iterable
from typing import Any

from thoughtrank.controls.protocol import Control
from thoughtrank.evaluation.judged_comparisons import (
    JudgedComparison,
    compared_questions,
    control_comparisons,
    judged_comparisons,
)
from thoughtrank.report.labels import of_control
from thoughtrank.report.win_rate_text import versus_text
from thoughtrank.rounds.round import Round
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.win_rates import Replies, WinRates, figures
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.run_paths import RoundPaths

WinRateFigures = dict[str, dict[str, Any]]


def round_win_rates(builder: StageBuilder, current: Round) -> WinRateFigures:
    """Do what is still to be done of a round's comparisons; returns the figures of each by its name.

    Empty where no test question is to be compared, or the judge cannot compare.

    Args:
        builder: of the run.
        current: the round, evaluated.

    Raises:
        UserError: the judge is unavailable or ``judge.budget`` is reached; all verdicts so far are kept.
    """
    config = builder.config
    return _completed(
        judged_comparisons(config.evaluation.arms, number=current.number, rounds=config.rounds),
        builder=builder,
        number=current.number,
        control=None,
        paths=builder.store.paths.round(current.number),
        replies=current.artifacts["evaluation"],
    )


def control_win_rates(
    builder: StageBuilder, control: Control, *, round_number: int, replies: Artifact
) -> WinRateFigures:
    """The same for the model of a training control.

    Args:
        builder: of the run, whose rounds are finished.
        control: which one.
        round_number: the round whose model it is compared with.
        replies: its evaluation.

    Raises:
        UserError: see ``round_win_rates``.
    """
    return _completed(
        control_comparisons(control.asked_in(builder.config.evaluation.arms)),
        builder=builder,
        number=round_number,
        control=control.title,
        paths=builder.store.paths.control(round_number, *control.folder_names),
        replies=replies,
    )


def _completed(
    comparisons: Iterable[JudgedComparison],
    *,
    builder: StageBuilder,
    number: int,
    control: str | None,
    paths: RoundPaths,
    replies: Artifact,
) -> WinRateFigures:
    config, judge = builder.config, builder.components.judge
    which, needs_reference = config.evaluation.win_rates, judge.needs_reference
    questions = compared_questions(builder.questions.evaluation(), which, needs_reference=needs_reference)
    if not questions:
        return {}
    found = {}
    for each in comparisons:
        other = Replies(table=replies, arm="room_to_reason")
        if each.against == "round_0":
            other = Replies(table=builder.rounds[0].artifacts["evaluation"], arm=each.arm)
        stage = WinRates(
            name=of_control(f"round {number} {versus_text(each.name)}", control),
            published=paths.win_rates(each.name),
            questions=questions,
            first=Replies(table=replies, arm=each.arm),
            second=other,
            judge=judge,
            spending=builder.spending,
            seed=config.seed,
        )
        found[each.name] = figures(builder.store.complete(stage).facts)
    return found
