"""What each stage of a run is made from: the fingerprints, and the calls with explicit arguments.

Every method returns when its stage is complete and shown in the run folder; a stage that is complete already costs a look
at its marker.
"""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from thoughtrank.config.preflight import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.engines.protocol import Limits
from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import ReferenceScorer, Scorer
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.judging.execution.budget import Budget
from thoughtrank.judging.model_families import model_family
from thoughtrank.judging.protocol import RemoteJudge
from thoughtrank.library_logging import quiet_libraries
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.context_filter import ContextFilter, prefix_faults
from thoughtrank.records import Candidate, Question, RankedCandidate
from thoughtrank.stages.evaluation import METRICS, evaluate_model
from thoughtrank.stages.export import export_model
from thoughtrank.stages.generation import generate_candidates
from thoughtrank.stages.importing import import_candidates
from thoughtrank.stages.ranking import rank_candidates, spent_on_judge
from thoughtrank.stages.selection import select_examples
from thoughtrank.stages.training import has_weights, train_model
from thoughtrank.storage.imported_candidates import ImportedCandidates
from thoughtrank.storage.store import Stage, Store, base_model_folder, read_json, write_json
from thoughtrank.storage.tables import read_table


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the run: its identity, and how to get its folder.

    Attributes:
        key: fingerprint of all that made it.
        folder: returns the folder with its weights; makes them where they are not there (yet, or any more).
        stage: the training that made it; None for the base model.
    """

    key: str
    folder: Callable[[], Path]
    stage: Stage | None = None


class Steps:
    """The stages of one run.

    Args:
        config: the whole config.
        parts: made from it.
        store: of the run.
        nodes: the machines that train.
    """

    def __init__(self, *, config: RunConfig, parts: Components, store: Store, nodes: MultiNodeTraining) -> None:
        self.nodes = nodes
        self.config = config
        self.parts = parts
        self.store = store
        self.paths = store.paths
        self.scorer: Scorer = getattr(parts.questions, "scorer", None) or ReferenceScorer()
        self.questions: ContextFilter
        self.judge_budget = Budget(parts.judge.limits.budget if isinstance(parts.judge, RemoteJudge) else None)
        self.limits = Limits(
            thought_tokens=config.generation.thought_tokens,
            answer_tokens=config.generation.answer_tokens,
            min_answer_tokens=config.generation.min_answer_tokens,
        )

    def base_model(self) -> Model:
        """The model of round 0, as a plain Hugging Face folder in the cache."""
        inputs = self.parts.model.identity()
        place = base_model_folder(self.store.cache_folder, inputs)
        stage = self.store.stage(kind="model", place=place, inputs=inputs)

        def make() -> None:
            print("preparing the base model", flush=True)
            quiet_libraries()
            self.parts.model.write(stage.folder)
            stage.finish()

        def folder() -> Path:
            self._complete(stage, make)
            return stage.folder

        return Model(key=stage.key, folder=folder)

    def prepare_questions(self, base: Model) -> None:
        """Find the questions that the model has room for, before any weights are loaded; warn of the others by name.

        Call it before any stage that asks questions.

        Raises:
            UserError: a prefix means nothing to the tokenizer; or a round, or the held-out set, has no question left.
        """
        # Every model of a run has the base's tokenizer and context; a finished round spares making the base anew.
        first = self.paths.model(1)
        folder = first if (first / "tokenizer_config.json").exists() else base.folder()
        chat = ChatTemplate.from_folder(folder)
        prefixes = [prefix.text for prefix in self.parts.prefixes.prefixes()]
        # Thoughts without forced text differ by how they are drawn.
        faults = prefix_faults(chat, [text for text in prefixes if text])
        if faults:
            raise UserError(*faults)
        questions = self.questions = ContextFilter(
            source=self.parts.questions,
            chat=chat,
            context_tokens=read_json(folder / "config.json")["max_position_embeddings"],
            written_tokens=max(self.limits.thought_tokens + self.limits.answer_tokens, self.config.reply_tokens),
            prefixes=prefixes,
        )
        rounds = range(1, self.config.rounds + 1)
        left_out = [each for number in rounds for each in questions.left_out_of_round(number)]
        for question in [*left_out, *questions.left_out_of_evaluation()]:
            print(f"warning: {questions.warning(question)}", file=sys.stderr, flush=True)
        for number in rounds:
            questions.train(number)
        questions.evaluation()

    def generation(self, round_number: int, model: Model) -> Stage:
        """Candidates of one round; round 1 may have them from elsewhere."""
        if round_number == 1 and self.parts.imported is not None:
            return self._imported_candidates(self.parts.imported, model)
        questions = self.questions.train(round_number)
        prefixes = self.parts.prefixes.prefixes()
        stage = self.store.stage(
            kind="candidates",
            place=self.paths.candidates(round_number),
            inputs={
                "model": model.key,
                "questions": _texts(questions),
                "prefixes": [asdict(prefix) for prefix in prefixes],
                "limits": [self.limits.thought_tokens, self.limits.answer_tokens, self.limits.min_answer_tokens],
                "engine": self.parts.engine.identity(),
                "even_groups_of": self.parts.engine.questions_per_group,
            },
        )
        self._complete(
            stage,
            lambda: generate_candidates(
                stage=stage,
                questions=questions,
                prefixes=prefixes,
                model_folder=model.folder(),
                engine=self.parts.engine,
                limits=self.limits,
                description=f"round {round_number} generation",
            ),
        )
        return stage

    def _imported_candidates(self, imported: ImportedCandidates, model: Model) -> Stage:
        questions = self.questions.train(1)
        stage = self.store.stage(
            kind="candidates",
            place=self.paths.candidates(1),
            inputs={"imported": imported.sha256, "questions": _texts(questions), "tokenizer": model.key},
        )
        self._complete(
            stage,
            lambda: import_candidates(
                stage=stage,
                questions=questions,
                candidates=imported.candidates(),
                model_folder=model.folder(),
            ),
        )
        return stage

    def ranking(self, round_number: int, candidates: Stage) -> Stage:
        """Rankings of one round."""
        questions = self.questions.train(round_number)
        stage = self.store.stage(
            kind="rankings",
            place=self.paths.rankings(round_number),
            inputs={
                "candidates": candidates.key,
                "references": [question.answer for question in questions],
                "judge": self.parts.judge.identity(),
                "ranker": self.parts.ranker.identity(),
                "seed": self.config.seed,
            },
        )
        if stage.done:
            self.judge_budget.add(spent_on_judge(stage))
        self._complete(
            stage,
            lambda: rank_candidates(
                stage=stage,
                questions=questions,
                candidates=read_table(candidates.folder, Candidate),
                judge=self.parts.judge,
                ranker=self.parts.ranker,
                budget=self.judge_budget,
                model_family=model_family(self.parts.model.facts().name),
                seed=self.config.seed,
                description=f"round {round_number} ranking",
            ),
        )
        return stage

    def selection(self, round_number: int, candidates: Stage, rankings: Stage, model: Model) -> Stage:
        """Training examples of one round."""
        stage = self.store.stage(
            kind="examples",
            place=self.paths.examples(round_number),
            inputs={"rankings": rankings.key, "selection": self.parts.selection.identity()},
        )
        self._complete(
            stage,
            lambda: select_examples(
                stage=stage,
                questions=self.questions.train(round_number),
                candidates=read_table(candidates.folder, Candidate),
                ranking=read_table(rankings.folder, RankedCandidate),
                selector=self.parts.selection,
                model_folder=model.folder(),
            ),
        )
        return stage

    def training(self, round_number: int, *, base: Model, model: Model, examples: Sequence[Stage]) -> Model:
        """The model of one round, trained on the examples of ``examples`` (all rounds so far, this one last).

        A round without an example of its own keeps the model it began with.
        """
        training = self.config.training
        place = self.paths.model(round_number)
        if not examples[-1].facts()["examples"]:
            print(
                f"round {round_number} found no example: in every question all answers tied, or the best were cut or too few "
                "to be more than luck. It keeps the model it began with: easier or harder questions or longer limits may help",
                flush=True,
            )
            kept = self.store.stage(kind="models", place=place, inputs={"kept": model.key})
            self._complete(kept, lambda: _keep_model(kept, model.folder()))
            return Model(key=model.key, folder=model.folder, stage=kept)
        start = base if training.start == "base" else model
        used = list(examples) if training.examples == "all" else [examples[-1]]
        settings = self._training_settings(round_number)
        operational = ("precision", "checkpoint_minutes", "log_every", "strategy", "description")
        inputs = {
            "start": start.key,
            "examples": [stage.key for stage in used],
            "strategy": self.parts.strategy.identity(),
            **{name: value for name, value in settings.items() if name not in operational},
        }
        stage = self.store.stage(kind="models", place=place, inputs={**inputs, "precision": training.precision})

        def make() -> None:
            train_model(
                stage=stage,
                model_folder=start.folder(),
                example_folders=[each.folder for each in used],
                settings=settings,
                devices=getattr(self.parts.strategy, "devices", 1),
                nodes=self.nodes,
            )

        def folder() -> Path:
            if not has_weights(stage.folder):
                stage.forget()
                self._complete(stage, make)
            return stage.folder

        self._complete(stage, make)
        return Model(key=stage.key, folder=folder, stage=stage)

    def _training_settings(self, round_number: int) -> dict[str, Any]:
        training = self.config.training
        return {
            "objective": self.config.objective,
            "optimizer": self.config.optimizer,
            "adapter": self.config.adapter,
            "strategy": self.config.strategy,
            "weights": training.weights,
            "epochs": training.epochs,
            "min_steps": training.min_steps,
            "batch_size": training.batch_size,
            "micro_batch_size": training.micro_batch_size,
            "shuffle": training.shuffle,
            "packing": training.packing,
            "gradient_checkpointing": training.gradient_checkpointing,
            "compile": training.compile,
            "max_gradient_norm": training.max_gradient_norm,
            "precision": training.precision,
            "checkpoint_minutes": training.checkpoint_minutes,
            "seed": self.config.seed + round_number,
            "log_every": training.log_every,
            "description": f"round {round_number} training",
        }

    def evaluation(self, round_number: int, model: Model) -> Stage:
        """Held-out metrics of one round's model."""
        questions = self.questions.evaluation()
        stage = self.store.stage(
            kind="evaluations",
            place=self.paths.replies(round_number),
            inputs={
                "model": model.key,
                "questions": _texts(questions),
                "references": [question.answer for question in questions],
                "reply_tokens": self.config.reply_tokens,
                "scorer": self.scorer.identity(),
                "engine": self.parts.engine.identity(),
                "even_groups_of": self.parts.engine.replies_per_group,
            },
        )
        self._complete(
            stage,
            lambda: evaluate_model(
                stage=stage,
                questions=questions,
                model_folder=model.folder(),
                engine=self.parts.engine,
                reply_tokens=self.config.reply_tokens,
                scorer=self.scorer,
                description=f"round {round_number} evaluation",
            ),
        )
        if not self.paths.evaluation(round_number).exists():
            metrics = {"round": round_number, **read_json(stage.folder / METRICS)}
            write_json(self.paths.evaluation(round_number), metrics)
        return stage

    def export(self, *, model: Model, card: str) -> Stage:
        """The released folder."""
        inputs = {"model": model.key, "card": card}
        # More rounds, or another choice of round, release another model under the same name.
        stage = self.store.stage(kind="exports", place=self.paths.export, inputs=inputs, replaceable=True)
        self._complete(
            stage,
            lambda: export_model(
                stage=stage, model_folder=model.folder(), card=card, reply_tokens=self.config.reply_tokens
            ),
        )
        return stage

    def _complete(self, stage: Stage, make: Callable[[], None]) -> None:
        """Have the stage made unless it is there, alone, and show it in the run folder."""
        stage.check_place()
        if not stage.done:
            with stage.locked():
                # Another run may have made it while this one waited.
                if not stage.done:
                    make()
        stage.publish()


def _texts(questions: Sequence[Question]) -> list[list[str]]:
    return [[question.question_id, question.text] for question in questions]


def _keep_model(stage: Stage, folder: Path) -> None:
    for path in folder.iterdir():
        if not path.name.startswith("_") and path.is_file():
            shutil.copy2(path, stage.folder / path.name)
    stage.finish(kept=True)


def training_curve(stage_folder: Path) -> list[dict[str, float]]:
    """The logged steps of one training, each once: after a resume the later line of a step counts."""
    path = stage_folder / "_metrics.jsonl"
    if not path.exists():
        return []
    rows = {row["step"]: row for row in map(json.loads, path.read_text().splitlines())}
    return [rows[step] for step in sorted(rows)]
