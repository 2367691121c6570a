"""Stage 5: the same held-out questions for every round's model, in the arms of the evaluation.

An arm forces a beginning of the reply; see ``evaluation.arms``. Arms that are made from the replies of other arms are asked
once those are complete: another question's thought is known only when every question has one.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import ClassVar, NamedTuple

from thoughtrank.engines.concurrent_groups import each_group
from thoughtrank.engines.protocol import Engine, EngineSession, OnStep
from thoughtrank.evaluation.arms.best_of_n import samples_for
from thoughtrank.evaluation.arms.protocol import Arm, ArmName, Forced, NumTokens
from thoughtrank.evaluation.arms.registry import ARMS
from thoughtrank.evaluation.metrics import HeldOutReply, Split, read_metrics
from thoughtrank.evaluation.reference_kinds import question_kind
from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.evaluation.statistics import mean
from thoughtrank.output.progress import progress_bar
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.special_tokens import ESCAPE_RULES
from thoughtrank.questions.groups import question_groups
from thoughtrank.records import Question
from thoughtrank.stages.arm_replies import ArmReplies, ReplySettings
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_fields
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.done_marker import num_rows_of
from thoughtrank.storage.json_files import read_json_object, write_json
from thoughtrank.storage.run_paths import METRICS
from thoughtrank.storage.tables import part_path, read_table, rows_of, write_part

_VERSION = 2
"""Raised when equal settings give other replies or another table."""

AskGroup = Callable[[ArmReplies, Sequence[Question], OnStep], list[HeldOutReply]]
"""Asks one group of questions."""


class _Pass(NamedTuple):
    """Arms that are asked together, group by group.

    Attributes:
        questions: with a row in at least one of the arms.
        rows: question id to its number of rows.
        at_most: questions of one group.
        ask: asks a group.
    """

    questions: Sequence[Question]
    rows: Mapping[str, int]
    at_most: int
    ask: AskGroup


class _Model(NamedTuple):
    """The model in the engine, loaded when it is first needed.

    Attributes:
        chat: loads its tokenizer.
        replies: opens the engine.
        facts: of the engine; empty if it was not opened.
    """

    chat: Callable[[], ChatTemplate]
    replies: Callable[[], ArmReplies]
    facts: Callable[[], dict[str, object]]


@dataclass(frozen=True, kw_only=True)
class Evaluation(Stage):
    """The table of replies of one round's model to the held-out questions, and the metrics.

    Attributes:
        questions: held-out ones, those of unseen families included.
        model: to evaluate.
        engine: how it generates.
        arms: in which each question is asked, if they apply to its reference.
        settings: of the replies.
        scorer: which answers are right.
        vote_tokens: tokens that ``best_of_n`` spends on a question; None for the mean of this model's free replies.
        split: which held-out questions these are.
    """

    kind: ClassVar[str] = "evaluations"
    reusable: ClassVar[tuple[str, ...]] = ("part-*.parquet",)
    questions: Sequence[Question]
    model: RoundModel
    engine: Engine
    arms: Sequence[ArmName]
    settings: ReplySettings
    scorer: Scorer
    vote_tokens: float | None = None
    split: Split = "test"

    def inputs(self) -> dict[str, object]:
        """Model, questions with all their fields, arms, limits, stem, scorer, engine, the group size, which decides the batch
        shapes, and the version of the rules for prompts."""
        settings = self.settings
        return {
            "version": _VERSION,
            "model": self.model.key,
            "questions": question_fields(self.questions),
            "split": self.split,
            "arms": [[name, ARMS[name].version] for name in self.arms],
            "limits": [settings.reply_tokens, settings.thought_tokens, settings.answer_tokens],
            "stem": settings.stem,
            "votes": [settings.temperature, self.vote_tokens] if "best_of_n" in self.arms else [],
            "scorer": self.scorer.identity(),
            "engine": self.engine.identity(),
            "even_groups_of": self.engine.replies_per_group,
            "prompts": ESCAPE_RULES,
        }

    def holds(self, folder: Path) -> bool:
        """Whether the metrics can be read; they are rebuilt from the table."""
        return read_json_object(folder / METRICS) is not None

    def make(self, artifact: Artifact) -> None:
        """Write the table group by group, one pass after the other, then the metrics."""
        with ExitStack() as stack:
            model = self._lazy_model(artifact, stack=stack)
            done: list[HeldOutReply] = []
            parts = 0
            for arms in self._passes():
                current = self._first_pass(arms) if parts == 0 else self._later_pass(arms, done, model=model)
                groups = question_groups(current.questions, at_most=current.at_most)
                self._ask_missing(current, groups, artifact=artifact, first_part=parts, model=model)
                for number in range(parts, parts + len(groups)):
                    done += rows_of(part_path(artifact.folder, number), HeldOutReply)
                parts += len(groups)
            facts = model.facts()
        write_json(artifact.folder / METRICS, read_metrics(read_table(artifact.folder, HeldOutReply)))
        artifact.finish(engine=facts, arms=list(self.arms))

    def _passes(self) -> list[list[Arm]]:
        """The arms that need no other, then those that need the same others."""
        passes: dict[tuple[ArmName, ...], list[Arm]] = {(): []}
        for name, arm in ARMS.items():
            if name in self.arms:
                passes.setdefault(arm.needs, []).append(arm)
        return list(passes.values())

    def _lazy_model(self, artifact: Artifact, *, stack: ExitStack) -> _Model:
        opened: list[EngineSession] = []

        @cache
        def chat() -> ChatTemplate:
            return ChatTemplate.from_folder(self.model.folder())

        @cache
        def replies() -> ArmReplies:
            folder = self.model.folder()
            opened.append(stack.enter_context(self.engine.open(folder, work_folder=artifact.folder)))
            return ArmReplies(
                session=opened[0], chat=chat(), settings=self.settings, scorer=self.scorer, split=self.split
            )

        return _Model(chat=chat, replies=replies, facts=lambda: opened[0].facts() if opened else {})

    def _ask_missing(
        self,
        current: _Pass,
        groups: Sequence[Sequence[Question]],
        *,
        artifact: Artifact,
        first_part: int,
        model: _Model,
    ) -> None:
        """Write the parts of a pass that an earlier attempt has not."""
        expected = [sum(current.rows[question.question_id] for question in group) for group in groups]
        missing = [
            number
            for number, rows in enumerate(expected)
            if num_rows_of(part_path(artifact.folder, first_part + number)) != rows
        ]
        if not missing:
            return
        replies = model.replies()
        total = sum(expected)
        done = total - sum(expected[number] for number in missing)
        with progress_bar(description=self.name, total=total, done=done, unit="reply") as bar:
            updating = Lock()

            def on_step(added: int, finished: int) -> None:
                with updating:
                    bar.update(finished)

            def work(number: int) -> list[HeldOutReply]:
                return current.ask(replies, groups[number], on_step)

            with closing(each_group(replies.session, missing, work=work)) as answered:
                for place, rows in answered:
                    path = part_path(artifact.folder, first_part + missing[place])
                    write_part(path, rows, record_type=HeldOutReply)
                    artifact.save_seconds()

    def _first_pass(self, arms: Sequence[Arm]) -> _Pass:
        """Free replies, then thoughts of the model's own, then short replies, all of one group of questions."""
        free = [arm for arm in arms if not arm.forces_answer]
        short = [arm for arm in arms if arm.forces_answer]

        def ask(replies: ArmReplies, questions: Sequence[Question], on_step: OnStep) -> list[HeldOutReply]:
            rows = replies.ask(questions, arms=free, forced=_forced(free, questions), on_step=on_step)
            own = [question for question in questions if any(_applies(arm, question) for arm in short)]
            thoughts = {}
            if "own_thought" in self.arms and own:
                thoughts = replies.own_thoughts(own, replies=rows, on_step=on_step)
            rows += replies.ask(own, arms=short, forced=_forced(short, own, thoughts=thoughts), on_step=on_step)
            return _in_order(rows, questions=questions)

        return _Pass(
            questions=self.questions,
            rows={each.question_id: sum(_applies(arm, each) for arm in arms) for each in self.questions},
            at_most=self._at_most(branches=max(len(free), len(short))),
            ask=ask,
        )

    def _later_pass(self, arms: Sequence[Arm], done: Sequence[HeldOutReply], *, model: _Model) -> _Pass:
        """Short replies that are made from the rows so far."""
        thoughts = {row.question_id: row.thought or "" for row in done if row.arm == "own_thought"}
        forced = _forced(
            arms, self.questions, thoughts=thoughts, num_tokens=lambda text: len(model.chat().token_ids(text))
        )
        rows = {
            each.question_id: sum(each.question_id in of_arm for of_arm in forced.values()) for each in self.questions
        }
        questions = [question for question in self.questions if rows[question.question_id]]
        votes = self._samples(done) if arms[0].name == "best_of_n" else None

        def ask(replies: ArmReplies, questions: Sequence[Question], on_step: OnStep) -> list[HeldOutReply]:
            if votes is None:
                return replies.ask(questions, arms=arms, forced=forced, on_step=on_step)
            [arm] = arms
            return replies.vote(questions, arm=arm, forced=forced[arm.name], samples=votes, on_step=on_step)

        return _Pass(questions=questions, rows=rows, at_most=self._at_most(branches=votes or len(arms)), ask=ask)

    def _at_most(self, *, branches: int) -> int:
        return max(1, self.engine.replies_per_group // branches)

    def _samples(self, done: Sequence[HeldOutReply]) -> int:
        tokens = {name: mean([row.reply_tokens for row in done if row.arm == name]) for name in ARMS["best_of_n"].needs}
        spent = tokens["thought"] if self.vote_tokens is None else self.vote_tokens
        return samples_for(thought_tokens=spent or 0.0, answer_tokens=tokens["answer_at_once"] or 0.0)


def _applies(arm: Arm, question: Question) -> bool:
    return arm.applies(question_kind(question))


def _forced(
    arms: Sequence[Arm],
    questions: Sequence[Question],
    *,
    thoughts: Mapping[str, str] | None = None,
    num_tokens: NumTokens = len,
) -> dict[ArmName, dict[str, Forced]]:
    """What each arm forces for the questions that it applies to."""
    return {
        arm.name: arm.forced(
            [question for question in questions if _applies(arm, question)],
            thoughts=thoughts or {},
            num_tokens=num_tokens,
        )
        for arm in arms
    }


def _in_order(rows: Sequence[HeldOutReply], *, questions: Sequence[Question]) -> list[HeldOutReply]:
    """The rows question by question."""
    position = {question.question_id: index for index, question in enumerate(questions)}
    names = list(ARMS)
    return sorted(rows, key=lambda row: (position[row.question_id], names.index(row.arm)))
