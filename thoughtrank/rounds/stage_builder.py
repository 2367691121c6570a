"""Builds the stages of each round: the one place where config values and components become stages."""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from thoughtrank.config.components import Components
from thoughtrank.config.model_faults import model_faults
from thoughtrank.config.schema import RunConfig
from thoughtrank.config.training_memory import settings_of_folder
from thoughtrank.engines.protocol import Limits
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.arms.registry import arms_of_round
from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.judging.model_families import model_family
from thoughtrank.output.terminal import print_text
from thoughtrank.prefixes.prefix_sets import longest_opener
from thoughtrank.records import STAGES
from thoughtrank.report.labels import of_control
from thoughtrank.rounds.round import BASE_STAGES, Round, Series
from thoughtrank.selection.protocol import GainSelector, needs_gains
from thoughtrank.stages.arm_replies import ReplySettings, held_out_tokens
from thoughtrank.stages.evaluation import Evaluation
from thoughtrank.stages.export import Export
from thoughtrank.stages.gains import Gains
from thoughtrank.stages.generation import Generation
from thoughtrank.stages.importing import Importing
from thoughtrank.stages.no_examples import no_example_text
from thoughtrank.stages.ranking import Ranking
from thoughtrank.stages.round_models import BaseModel, RoundModel, keeps_weights
from thoughtrank.stages.selection import Selection
from thoughtrank.stages.stage import Stage
from thoughtrank.stages.training import KeptModel, Training
from thoughtrank.stages.usable_questions import questions_that_fit
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.done_marker import read_done
from thoughtrank.storage.run_paths import RoundPaths
from thoughtrank.storage.stage_reuse import Store


class StageBuilder:
    """Builds the stages of a run from its config and components.

    Args:
        config: the whole config.
        components: made from it.
        store: of the run.
        nodes: the machines that train.

    Attributes:
        rounds: begun so far.
        series: what its rounds have in common.
        questions: that fit the model's context.

    Raises:
        UserError: a round, or the held-out set, has no question that fits.
    """

    def __init__(self, *, config: RunConfig, components: Components, store: Store, nodes: MultiNodeTraining) -> None:
        self.config = config
        self.components = components
        self.store = store
        self.nodes = nodes
        self.rounds: list[Round] = []
        self.series = Series(prefixes=components.prefixes.prefixes(), paths=store.paths.round)
        self.scorer = components.questions.scorer or ReferenceScorer()
        self.spending = RunSpending(limit=components.judge.limits.budget, store=store)
        self.limits = Limits(**config.generation.limits)
        self.reply_settings = ReplySettings(
            reply_tokens=config.reply_tokens,
            thought_tokens=config.generation.thought_tokens,
            answer_tokens=config.evaluation.answer_tokens,
            stem=components.questions.answer_stem,
            temperature=config.evaluation.temperature,
        )
        self.base = BaseModel.of(components.model, store=store)
        self.questions = questions_that_fit(
            source=components.questions,
            prefixes=self.series.prefixes,
            longest_opener=longest_opener(components.prefixes),
            base=self.base,
            paths=store.paths,
            limits=self.limits,
            held_out_tokens=held_out_tokens(self.reply_settings, arms=config.evaluation.arms),
            rounds=config.rounds,
            model_faults=partial(model_faults, config=config, components=components),
        )

    def with_series(self, series: Series) -> "StageBuilder":
        """A builder of other rounds of the same run, none of which has begun. They share what is spent on the judge."""
        other = copy.copy(self)
        other.series, other.rounds = series, []
        return other

    def begin_round(self, number: int) -> Round:
        """The next round, which starts with the last one's model."""
        start = self.rounds[-1].model if self.rounds else self.base
        generator = self.base if self.config.generation.models == ["base"] else start
        current = Round(number=number, start=start, generator=generator, prefixes=self.series.prefixes)
        current.questions = self.questions.train(number) if number else []
        self.rounds.append(current)
        return current

    def stage_names(self, number: int) -> list[str]:
        """The stages of a round, in order: all of ``STAGES``, but for gains where the selection does not depend on them.
        Round 0 only evaluates the base model."""
        if number == 0:
            return list(BASE_STAGES)
        return [name for name in STAGES if name != "gains" or needs_gains(self.components.selection)]

    def build(self, name: str, current: Round) -> Stage:
        """The stage ``name`` of a round, from the artifacts of the stages before it."""
        builders: dict[str, Callable[[Round], Stage]] = {
            "generation": self._generation,
            "ranking": self._ranking,
            "gains": self._gains,
            "selection": self._selection,
            "training": self._training,
            "evaluation": self._evaluation,
        }
        return builders[name](current)

    def _generation(self, current: Round) -> Stage:
        name, published = self._named(current, "generation"), self._paths(current).candidates
        questions = current.questions
        imported = self.components.imported if self.series.title is None else None
        if current.number == 1 and imported is not None:
            return Importing(
                name=name, published=published, questions=questions, imported=imported, model=current.start
            )
        return Generation(
            name=name,
            published=published,
            questions=questions,
            prefixes=current.prefixes,
            model=current.generator,
            engine=self.components.engine,
            limits=self.limits,
        )

    def _ranking(self, current: Round) -> Stage:
        return Ranking(
            name=self._named(current, "ranking"),
            published=self._paths(current).rankings,
            questions=current.questions,
            candidates=current.artifacts["generation"],
            judge=self.components.judge,
            ranker=self.components.ranker,
            spending=self.spending,
            model_family=model_family(self.components.model.facts().name),
            seed=self.config.seed,
        )

    def _gains(self, current: Round) -> Stage:
        selector = self.components.selection
        if not isinstance(selector, GainSelector):
            raise TypeError(f"{type(selector).__name__} uses no gains")
        return Gains(
            name=self._named(current, "gains"),
            published=self._paths(current).gains,
            questions=current.questions,
            candidates=current.artifacts["generation"],
            rankings=current.artifacts["ranking"],
            selector=selector,
            model=current.generator,
            engine=self.components.engine,
            stem=self.components.questions.answer_stem,
        )

    def _selection(self, current: Round) -> Stage:
        return Selection(
            name=self._named(current, "selection"),
            published=self._paths(current).examples,
            questions=current.questions,
            candidates=current.artifacts["generation"],
            rankings=current.artifacts["ranking"],
            gains=current.artifacts.get("gains"),
            selector=self.components.selection,
            model=current.start,
        )

    def _training(self, current: Round) -> Stage:
        name, published = self._named(current, "training"), self._paths(current).model
        keep_weights = self._keeps_weights(current)
        if not current.artifacts["selection"].facts["examples"]:
            named = of_control(f"round {current.number}", self.series.title)
            made = {name: artifact.facts for name, artifact in current.artifacts.items()}
            print_text(no_example_text(f"{named} found no example", made=made, selector=self.components.selection))
            return KeptModel(name=name, published=published, start=current.start, keep_weights=keep_weights)
        return self.training(
            current,
            name=name,
            published=published,
            keep_weights=keep_weights,
            start=self.base if self.config.training.start == "base" else current.start,
            examples=[each.artifacts["selection"] for each in self.rounds_trained_on(current)],
        )

    def _named(self, current: Round, stage: str) -> str:
        return self.series.name(current.number, stage)

    def _paths(self, current: Round) -> RoundPaths:
        return self.series.paths(current.number)

    def _keeps_weights(self, current: Round) -> bool:
        keep = self.config.keep
        return keep == "all" or (
            self.series.title is None and keeps_weights(current.number, rounds=self.config.rounds, keep=keep)
        )

    def rounds_trained_on(self, current: Round) -> list[Round]:
        """The rounds whose examples the training of ``current`` uses."""
        if self.config.training.examples == "round":
            return [current]
        return [each for each in self.rounds[1:] if each.number <= current.number]

    def training(
        self,
        current: Round,
        *,
        name: str,
        published: Path,
        keep_weights: bool,
        start: RoundModel,
        examples: Sequence[Artifact],
        steps: int | None = None,
        development: Artifact | None = None,
    ) -> Training:
        """A training with the settings of a round; for the arguments see ``Training``."""
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
            settings={**training.job_settings(operational=False), "seed": self.config.seed + current.number},
            operational=training.job_settings(operational=True),
            nodes=self.nodes,
            free_devices=components.engine.release,
            settings_here=partial(
                settings_of_folder, training, generation=self.config.generation, components=components
            ),
        )

    def _evaluation(self, current: Round) -> Stage:
        published = self.store.paths.replies(current.number)
        wanted, last = self.config.evaluation.arms, self.config.rounds
        arms = arms_of_round(wanted, number=current.number, rounds=last)
        # What was the last round before, or was not, keeps the arms it was evaluated in.
        others = [arms_of_round(wanted, number=current.number, rounds=current.number + more) for more in (0, 1)]
        marker = read_done(published)
        if marker is not None:
            arms = next((each for each in others if marker.facts.get("arms") == list(each)), arms)
        return self.evaluation(
            name=f"round {current.number} evaluation", published=published, model=current.model, arms=arms
        )

    def evaluation(
        self,
        *,
        name: str,
        published: Path,
        model: RoundModel,
        arms: Sequence[ArmName],
        vote_tokens: float | None = None,
    ) -> Evaluation:
        """The evaluation of a round's model, or of a control's; for the arguments see ``Evaluation``."""
        return Evaluation(
            name=name,
            published=published,
            questions=self.questions.evaluation(),
            model=model,
            engine=self.components.engine,
            arms=arms,
            settings=self.reply_settings,
            scorer=self.scorer,
            vote_tokens=vote_tokens,
        )

    def export(self, *, chosen_round: int, card: str) -> Stage:
        """The release of one round's model with its model card."""
        return Export(
            name="export",
            published=self.store.paths.export,
            model=self.rounds[chosen_round].model,
            card=card,
            reply_tokens=self.config.reply_tokens,
        )
