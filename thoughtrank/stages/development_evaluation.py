"""The evaluation that ``export.which=best`` chooses by: every round's model on the development questions."""

from dataclasses import replace

from thoughtrank.stages.build import Round, StageBuilder
from thoughtrank.stages.evaluation import METRICS, Evaluation
from thoughtrank.storage.json_files import read_json

_FIGURES = {"n": "n", "accuracy": "accuracy", "low": "accuracy_low", "high": "accuracy_high"}


def development_evaluation(builder: StageBuilder, current: Round) -> Evaluation:
    """The stage that asks the development questions with the chat prompt only, as ``accuracy`` is measured.

    Args:
        builder: of the run.
        current: the round, with its model.
    """
    stage = builder.evaluation(
        name=f"round {current.number} development",
        published=builder.store.paths.development_replies(current.number),
        model=current.model,
        arms=("thought",),
    )
    return replace(stage, questions=builder.questions.development(), split="development")


def development_figures(builder: StageBuilder, current: Round) -> dict[str, float | None]:
    """Run the stage where the exported round is chosen by it; its figures for the round's entry of ``summary.json``.

    Returns:
        ``development_n``, ``development_accuracy`` and its interval; empty where the last round is exported.
    """
    if builder.config.export.which != "best":
        return {}
    artifact = builder.store.complete(development_evaluation(builder, current))
    metrics = read_json(artifact.folder / METRICS)
    return {f"development_{name}": metrics[figure] for name, figure in _FIGURES.items()}
