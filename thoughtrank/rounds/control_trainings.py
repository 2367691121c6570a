"""Training controls: the trainings of a run, replayed from the base model on other examples of the same candidates.

No model that was tuned on thoughts is an ancestor of a control's model. Where every round starts from the base model, the last
training is all there is to replay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from thoughtrank.controls.protocol import CandidatesControl, Control, ExamplesControl
from thoughtrank.controls.result import ControlResult
from thoughtrank.records import Question
from thoughtrank.report.labels import of_control
from thoughtrank.rounds.control_evaluation import evaluate_control
from thoughtrank.rounds.control_rounds import run_control_rounds
from thoughtrank.rounds.round import Round
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.control_examples import ControlExamples, RoundTables
from thoughtrank.stages.development_examples import DevelopmentExamples, short_answer
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.training import Training
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.run_paths import METRICS, RoundPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replayed:
    examples: Artifact
    training: Artifact
    model: RoundModel


def run_control(builder: StageBuilder, control: Control) -> ControlResult | None:
    """Run one training control of a run whose rounds are finished; None where it has nothing to train on."""
    if isinstance(control, CandidatesControl):
        return run_control_rounds(builder, control)
    if isinstance(control, ExamplesControl):
        return Replay(builder, control).run()
    raise TypeError(f"{type(control).__name__} is no kind of control")


class Replay:
    """Runs one training control.

    Args:
        builder: of a run whose rounds are finished.
        control: what to train on.
    """

    def __init__(self, builder: StageBuilder, control: ExamplesControl) -> None:
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
        last = replayed[-1]
        result = evaluate_control(
            self._builder,
            self._control,
            round_number=rounds[-1].number,
            model=last.model,
            examples=last.examples.facts["examples"],
            training=last.training.facts,
            vote_tokens=self._vote_tokens(),
        )
        if not self._keeps_weights:
            for each in replayed:
                each.model.delete_weights()
        return result

    def _vote_tokens(self) -> float | None:
        """What ``best_of_n`` may spend: as much as the run's last model needs for a reply with its thought."""
        metrics = read_json(self._builder.rounds[-1].artifacts["evaluation"].published / METRICS)
        tokens: float | None = metrics["arms"].get("thought", {}).get("reply_tokens")
        return tokens

    @property
    def _keeps_weights(self) -> bool:
        return self._builder.config.keep == "all"

    def _rounds(self) -> list[Round]:
        """The rounds whose trainings lead to the model of the last one."""
        trained = [each for each in self._builder.rounds[1:] if isinstance(each.stages["training"], Training)]
        return trained[-1:] if self._builder.config.training.start == "base" else trained

    def _paths(self, current: Round) -> RoundPaths:
        return self._store.paths.control(current.number, *self._control.folder_names)

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
            name=of_control(f"round {current.number} examples", self._control.title),
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
        return self._builder.model_stages.training(
            current.number,
            name=of_control(f"round {current.number} training", self._control.title),
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
        if not any(map(short_answer, questions)) or not self._builder.components.strategy.whole_parameters:
            return None
        return self._store.complete(
            DevelopmentExamples(
                name=of_control(f"round {current.number} development examples", self._control.title),
                published=self._paths(current).development,
                questions=questions,
                stem=self._builder.components.questions.answer_stem,
                model=self._builder.base,
            )
        )
