"""Rounds while they run, and what a series of rounds has in common: those of the run, or those of a training control."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.records import Question
from thoughtrank.report.labels import of_control
from thoughtrank.stages.round_models import ModelStage, RoundModel
from thoughtrank.stages.stage import Stage
from thoughtrank.stages.training import KeptModel
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.run_paths import RoundPaths

BASE_STAGES = ("evaluation",)
"""Round 0 only evaluates the base model; every other round has all of ``STAGES``."""


@dataclass(kw_only=True)
class Round:
    """One round while it runs.

    Attributes:
        number: 0 is the evaluation of the base model.
        start: the model the round starts with.
        generator: the model that generates and scores candidates; where several generate, the one that scores.
        questions: training questions; where they are screened, those that were kept.
        prefixes: how thoughts begin; where they are mined, the openers of the rounds before.
        screening: artifacts of the stages that screened them, the table of questions last.
        stages, artifacts: those so far, by name.
    """

    number: int
    start: RoundModel
    generator: RoundModel
    questions: Sequence[Question] = ()
    prefixes: Sequence[Prefix] = ()
    screening: Sequence[Artifact] = ()
    stages: dict[str, Stage] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)

    @property
    def model(self) -> RoundModel:
        """The model after the round's training."""
        training = self.stages.get("training")
        if not isinstance(training, ModelStage):
            return self.start
        kept = self.start if isinstance(training, KeptModel) else None
        return RoundModel(stage=training, store=self.start.store, kept_from=kept)


@dataclass(frozen=True, kw_only=True)
class Series:
    """The rounds of the run, or those of a training control that generates candidates of its own.

    Attributes:
        prefixes: how thoughts begin; where they are mined, those of round 1.
        paths: from the number of a round to its paths.
        title: of the control, such as ``sampled_prefixes``; None for the run.
    """

    prefixes: Sequence[Prefix]
    paths: Callable[[int], RoundPaths]
    title: str | None = None

    def name(self, number: int, stage: str) -> str:
        """Of a stage, such as ``round 2 generation``."""
        return of_control(f"round {number} {stage}", self.title)
