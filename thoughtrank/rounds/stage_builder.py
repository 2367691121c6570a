"""Builds the stages of each round from config values and components, each from the artifacts of the stages before it."""

import copy
from collections.abc import Callable
from functools import partial

from thoughtrank.config.components import Components
from thoughtrank.config.model_faults import model_faults
from thoughtrank.config.schema import RunConfig
from thoughtrank.engines.protocol import Limits
from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.judging.model_families import model_family
from thoughtrank.output.terminal import print_text
from thoughtrank.prefixes.prefix_sets import longest_opener
from thoughtrank.records import STAGES, Candidate, RankedCandidate
from thoughtrank.report.labels import of_control
from thoughtrank.rounds.model_stages import ModelStages
from thoughtrank.rounds.round import BASE_STAGES, Round, Series
from thoughtrank.selection.protocol import GainSelector, needs_gains
from thoughtrank.stages.arm_replies import held_out_tokens
from thoughtrank.stages.gains import Gains
from thoughtrank.stages.generation import Generation
from thoughtrank.stages.importing import Importing
from thoughtrank.stages.no_examples import no_example_text, truncated_among_best
from thoughtrank.stages.ranking import Ranking
from thoughtrank.stages.round_models import BaseModel, keeps_weights
from thoughtrank.stages.selection import Selection
from thoughtrank.stages.stage import Stage
from thoughtrank.stages.training import KeptModel
from thoughtrank.stages.usable_questions import questions_that_fit
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import TableRows


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
        model_stages: builds the stages about a model, those of a control's included.

    Raises:
        UserError: a round, or the held-out set, has no question that fits.
    """

    def __init__(self, *, config: RunConfig, components: Components, store: Store, nodes: MultiNodeTraining) -> None:
        self.config = config
        self.components = components
        self.store = store
        self.rounds: list[Round] = []
        self.series = Series(prefixes=components.prefixes.prefixes(), paths=store.paths.round)
        self.scorer = components.questions.scorer or ReferenceScorer()
        self.spending = RunSpending(limit=components.judge.limits.budget, store=store)
        self.limits = Limits(**config.generation.limits)
        self.model_stages = ModelStages(config=config, components=components, nodes=nodes, scorer=self.scorer)
        self.base = BaseModel.of(components.model, store=store)
        self.questions = questions_that_fit(
            source=components.questions,
            prefixes=self.series.prefixes,
            longest_opener=longest_opener(components.prefixes),
            base=self.base,
            paths=store.paths,
            limits=self.limits,
            held_out_tokens=held_out_tokens(self.model_stages.reply_settings, arms=config.evaluation.arms),
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
        name, published = self.series.name(current.number, "generation"), self.series.paths(current.number).candidates
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
            name=self.series.name(current.number, "ranking"),
            published=self.series.paths(current.number).rankings,
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
            name=self.series.name(current.number, "gains"),
            published=self.series.paths(current.number).gains,
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
            name=self.series.name(current.number, "selection"),
            published=self.series.paths(current.number).examples,
            questions=current.questions,
            candidates=current.artifacts["generation"],
            rankings=current.artifacts["ranking"],
            gains=current.artifacts.get("gains"),
            selector=self.components.selection,
            model=current.start,
        )

    def _no_example(self, current: Round) -> str:
        """Why a round found none."""
        named, made = of_control(f"round {current.number}", self.series.title), current.artifacts
        return no_example_text(
            f"{named} found no example",
            made={name: artifact.facts for name, artifact in made.items()},
            selector=self.components.selection,
            truncated=truncated_among_best(
                TableRows(made["generation"].folder, Candidate), TableRows(made["ranking"].folder, RankedCandidate)
            ),
        )

    def _training(self, current: Round) -> Stage:
        name, published = self.series.name(current.number, "training"), self.series.paths(current.number).model
        keep_weights = self._keeps_weights(current)
        if not current.artifacts["selection"].facts["examples"]:
            print_text(self._no_example(current))
            return KeptModel(name=name, published=published, start=current.start, keep_weights=keep_weights)
        return self.model_stages.training(
            current.number,
            name=name,
            published=published,
            keep_weights=keep_weights,
            start=self.base if self.config.training.start == "base" else current.start,
            examples=[each.artifacts["selection"] for each in self.rounds_trained_on(current)],
        )

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

    def _evaluation(self, current: Round) -> Stage:
        published = self.store.paths.replies(current.number)
        return self.model_stages.evaluation(
            name=f"round {current.number} evaluation",
            published=published,
            questions=self.questions.evaluation(),
            model=current.model,
            arms=self.model_stages.arms(current.number, published=published),
        )
