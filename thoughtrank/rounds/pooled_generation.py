"""The candidates of a round from several models: the base model, and the one that the round starts with."""

from dataclasses import replace

from thoughtrank.rounds.round import Round
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.generation import Generation
from thoughtrank.stages.pooling import ModelCandidates, Pooling
from thoughtrank.stages.stage import Stage


def with_models(stage: Stage, *, builder: StageBuilder, current: Round) -> Stage:
    """The stage that writes the candidates of a round, with the models of ``generation.models``.

    With several models, what each of them generates is completed here.

    Args:
        stage: the round's generation with the model that it starts with; imported candidates stay as they are.
        builder: of the run.
        current: the round.
    """
    if not isinstance(stage, Generation):
        return stage
    models = {
        name: {"base": builder.base, "previous": current.start}[name] for name in builder.config.generation.models
    }
    different = {model.key: name for name, model in reversed(models.items())}
    if len(different) == 1:
        return stage
    parts = [
        ModelCandidates(
            model=name,
            candidates=builder.store.complete(
                replace(
                    stage,
                    name=f"{stage.name} ({name})",
                    published=builder.series.paths(current.number).candidates_of(name),
                    model=model,
                )
            ),
        )
        for name, model in models.items()
    ]
    return Pooling(name=stage.name, published=stage.published, questions=stage.questions, parts=parts)
