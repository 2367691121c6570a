"""Builds the stages about a model, of a round or of a training control: its training, evaluation and release."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.config.training_memory import settings_of_folder
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.arms.registry import arms_of_round
from thoughtrank.evaluation.metrics import Split
from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.records import Question
from thoughtrank.stages.arm_replies import ReplySettings
from thoughtrank.stages.evaluation import Evaluation
from thoughtrank.stages.export import Export
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.training import Training
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.done_marker import read_done


class ModelStages:
    """Trains, evaluates and releases models with the settings of a run.

    Args:
        config: the whole config.
        components: made from it.
        nodes: the machines that train.
        scorer: which answers are right.

    Attributes:
        reply_settings: of every evaluation.
    """

    def __init__(self, *, config: RunConfig, components: Components, nodes: MultiNodeTraining, scorer: Scorer) -> None:
        self.config = config
        self.components = components
        self.nodes = nodes
        self.scorer = scorer
        self.reply_settings = ReplySettings(
            reply_tokens=config.reply_tokens,
            thought_tokens=config.generation.thought_tokens,
            answer_tokens=config.evaluation.answer_tokens,
            stem=components.questions.answer_stem,
            temperature=config.evaluation.temperature,
        )

    def training(
        self,
        round_number: int,
        *,
        name: str,
        published: Path,
        keep_weights: bool,
        start: RoundModel,
        examples: Sequence[Artifact],
        steps: int | None = None,
        development: Artifact | None = None,
    ) -> Training:
        """A training with the settings and the seed of a round; for the other arguments see ``Training``."""
        training, components = self.config.training, self.components
        return Training(
            name=name,
            published=published,
            keep_weights=keep_weights,
            start=start,
            examples=examples,
            steps=steps,
            development=development,
            objective=components.objective,
            optimizer=components.optimizer,
            adapter=components.adapter,
            strategy=components.strategy,
            specs=self.config.training_specs(),
            settings={**training.job_settings(operational=False), "seed": self.config.seed + round_number},
            operational=training.job_settings(operational=True),
            nodes=self.nodes,
            free_devices=components.engine.release,
            settings_here=partial(
                settings_of_folder, training, generation=self.config.generation, components=components
            ),
        )

    def arms(self, round_number: int, *, published: Path) -> Sequence[ArmName]:
        """The arms of a round's evaluation, which may be in ``published`` already."""
        wanted, last = self.config.evaluation.arms, self.config.rounds
        arms = arms_of_round(wanted, number=round_number, rounds=last)
        # What was the last round before, or was not, keeps the arms it was evaluated in.
        others = [arms_of_round(wanted, number=round_number, rounds=round_number + more) for more in (0, 1)]
        marker = read_done(published)
        if marker is not None:
            arms = next((each for each in others if marker.facts.get("arms") == list(each)), arms)
        return arms

    def evaluation(
        self,
        *,
        name: str,
        published: Path,
        questions: Sequence[Question],
        model: RoundModel,
        arms: Sequence[ArmName],
        vote_tokens: float | None = None,
        split: Split = "test",
    ) -> Evaluation:
        """An evaluation with the engine of the run; for the arguments see ``Evaluation``."""
        return Evaluation(
            name=name,
            published=published,
            questions=questions,
            model=model,
            engine=self.components.engine,
            arms=arms,
            settings=self.reply_settings,
            scorer=self.scorer,
            vote_tokens=vote_tokens,
            split=split,
        )

    def export(self, *, published: Path, model: RoundModel, card: str) -> Export:
        """The release of a model with its model card."""
        return Export(name="export", published=published, model=model, card=card, reply_tokens=self.config.reply_tokens)
