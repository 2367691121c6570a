"""What the stages of a round have made, and from which earlier outputs: the lineage that loggers record."""

from thoughtrank.report.loggers import StageOutput
from thoughtrank.rounds.round import Round
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.training import KeptModel

_NAMES = {
    "generation": "candidates",
    "ranking": "rankings",
    "gains": "gains",
    "selection": "examples",
    "training": "model",
}
"""Stage to the name of its output; an evaluation's are metrics."""


def stage_outputs(builder: StageBuilder, current: Round) -> list[StageOutput]:
    """The outputs of a finished round, in the order of its stages; none for round 0."""
    number = current.number
    before = [("model", number - 1)] if number > 1 else []
    outputs: list[StageOutput] = []
    for stage, name in _NAMES.items():
        if stage not in current.artifacts:
            continue
        if name == "candidates":
            made_from = before
        elif name == "model":
            made_from = _model_made_from(builder, current, before=before)
        else:
            made_from = [(each.name, number) for each in outputs]
        folder = current.artifacts[stage].published
        outputs.append(StageOutput(name=name, round_number=number, folder=folder, made_from=made_from))
    return outputs


def _model_made_from(builder: StageBuilder, current: Round, *, before: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The examples, and the model it started from if that is one of the run; only that where a round had no example."""
    if isinstance(current.stages["training"], KeptModel):
        return before
    examples = [("examples", each.number) for each in builder.rounds_trained_on(current)]
    return examples if builder.config.training.start == "base" else [*examples, *before]
