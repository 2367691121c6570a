"""Training controls: the trainings of a run, replayed from the base model on other examples, and the evaluation of the result.

No model that was tuned on thoughts is an ancestor of a control's model. Where every round starts from the base model, the last
training is all there is to replay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from thoughtrank.controls.protocol import Control
from thoughtrank.controls.result import ControlResult
from thoughtrank.records import Question
from thoughtrank.stages.build import Round, StageBuilder
from thoughtrank.stages.control_examples import ControlExamples, RoundTables
from thoughtrank.stages.development_examples import DevelopmentExamples
from thoughtrank.stages.evaluation import METRICS
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.training import Training
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.json_files import read_json, read_json_object, write_json
from thoughtrank.storage.run_paths import ControlPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replayed:
    examples: Artifact
    training: Artifact
    model: RoundModel


class Replay:
    """Runs one training control.

    Args:
        builder: of a run whose rounds are finished.
        control: what to train on.
    """

    def __init__(self, builder: StageBuilder, control: Control) -> None:
        self._builder = builder
        self._control = control
        self._store = builder.store

    def run(self) -> ControlResult | None:
        """Do what is still to be done of it; None where the run itself has trained on nothing.

        The weights of its models are deleted after the evaluation unless all are kept.
        """
        rounds = self._rounds()
        if not rounds:
            return None
        replayed = list(self._trainings(rounds))
        paths = self._paths(rounds[-1])
        evaluation = self._store.complete(
            self._builder.evaluation(
                name=f"round {rounds[-1].number} {self._control.title} evaluation",
                published=paths.replies,
                model=replayed[-1].model,
                arms=self._control.asked_in(self._builder.config.evaluation.arms),
                samples=self._samples(),
            )
        )
        if read_json_object(paths.evaluation) is None:
            title = {"control": self._control.name, "variant": self._control.variant}
            metrics = read_json(evaluation.folder / METRICS)
            write_json(paths.evaluation, {"round": rounds[-1].number, **title, **metrics})
        if not self._keeps_weights:
            for each in replayed:
                each.model.delete_weights()
        last = replayed[-1]
        return ControlResult(
            name=self._control.name,
            variant=self._control.variant,
            round_number=rounds[-1].number,
            metrics=read_json(paths.evaluation),
            replies=evaluation.published,
            examples=last.examples.facts["examples"],
            training=last.training.facts,
            seconds=last.training.facts["seconds"] + evaluation.facts["seconds"],
        )

    def _samples(self) -> int | None:
        """Votes of ``best_of_n``: as many as the run's last model had, so that both spend the tokens of its thoughts."""
        metrics = read_json(self._builder.rounds[-1].artifacts["evaluation"].published / METRICS)
        samples: int | None = metrics["arms"].get("best_of_n", {}).get("samples")
        return samples

    @property
    def _keeps_weights(self) -> bool:
        return self._builder.config.keep == "all"

    def _rounds(self) -> list[Round]:
        """The rounds whose trainings lead to the model of the last one."""
        trained = [each for each in self._builder.rounds[1:] if isinstance(each.stages["training"], Training)]
        return trained[-1:] if self._builder.config.training.start == "base" else trained

    def _paths(self, current: Round) -> ControlPaths:
        names = [self._control.name, *filter(None, [self._control.variant])]
        return self._store.paths.control(current.number, *names)

    def _trainings(self, rounds: Sequence[Round]) -> Iterator[_Replayed]:
        start = self._builder.base
        for current in rounds:
            examples = self._store.complete(self._examples(current))
            stage = self._training(current, start=start, examples=examples)
            training = self._store.complete(stage)
            start = RoundModel(stage=stage, store=self._store)
            yield _Replayed(examples=examples, training=training, model=start)

    def _examples(self, current: Round) -> ControlExamples:
        return ControlExamples(
            name=f"round {current.number} {self._control.title} examples",
            published=self._paths(current).examples,
            control=self._control,
            rounds=[
                RoundTables(
                    questions=each.questions,
                    candidates=each.artifacts["generation"],
                    rankings=each.artifacts["ranking"],
                    examples=each.artifacts["selection"],
                )
                for each in self._builder.rounds_trained_on(current)
            ],
            model=self._builder.base,
            seed=self._builder.config.seed,
        )

    def _training(self, current: Round, *, start: RoundModel, examples: Artifact) -> Training:
        equal = self._control.equal_steps
        return self._builder.training(
            current,
            name=f"round {current.number} {self._control.title} training",
            published=self._paths(current).model,
            keep_weights=self._keeps_weights,
            start=start,
            examples=[examples],
            steps=current.artifacts["training"].facts["steps"] if equal else None,
            development=self._development(current) if equal else None,
        )

    def _development(self, current: Round) -> Artifact | None:
        """The examples for early stopping; None where nothing can be measured."""
        questions: list[Question] = self._builder.questions.development()
        if not any(each.answer for each in questions) or not self._builder.components.strategy.whole_parameters:
            return None
        return self._store.complete(
            DevelopmentExamples(
                name=f"round {current.number} {self._control.title} development examples",
                published=self._paths(current).development,
                questions=questions,
                stem=self._builder.components.questions.answer_stem,
                model=self._builder.base,
            )
        )
