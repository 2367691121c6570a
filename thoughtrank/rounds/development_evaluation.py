"""The evaluation that ``export.which=best`` chooses by: every round's model on the development questions."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.rounds.round import Round
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.stage import Stage

_FIGURES = {"n": "n", "accuracy": "accuracy", "low": "accuracy_low", "high": "accuracy_high"}


def development_evaluation(builder: StageBuilder, current: Round) -> Stage:
    """The stage that asks the development questions with the chat prompt only, as ``accuracy`` is measured.

    Args:
        builder: of the run.
        current: the round, with its model.
    """
    return builder.model_stages.evaluation(
        name=f"round {current.number} development",
        published=builder.store.paths.development_replies(current.number),
        questions=builder.questions.development(),
        model=current.model,
        arms=("thought",),
        split="development",
    )


def development_figures(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of the stage as the round's entry of ``summary.json`` has them: ``development_n``, ``development_accuracy``
    and the bounds of its interval.

    Args:
        metrics: that the stage has written.
    """
    return {f"development_{name}": metrics[figure] for name, figure in _FIGURES.items()}
