"""Stage 5: the same held-out questions for every round's model.

Two arms with the same prompt text and the same answer extraction:
``unprefixed``: the chat prompt only, one greedy reply, nothing forced. A reply that opens no thought is its own answer; an
unclosed thought is wrong.
``direct``: an empty closed thought is forced first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.engines.protocol import Branch, Continuation, Engine, EngineSession, GenerationRequest, Limits, OnStep
from thoughtrank.evaluation.metrics import ArmName, HeldOutReply, read_metrics
from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.output.progress import progress_bar
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.special_tokens import ESCAPE_RULES
from thoughtrank.prompting.thought_tags import EMPTY_THOUGHT, parse_reply
from thoughtrank.questions.groups import question_groups
from thoughtrank.records import Question
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_fields
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.done_marker import num_rows_of
from thoughtrank.storage.json_files import write_json
from thoughtrank.storage.tables import part_path, read_table, write_part

METRICS = "_evaluation.json"
_ARMS: tuple[tuple[ArmName, str], ...] = (("unprefixed", ""), ("direct", EMPTY_THOUGHT))
"""Arms and the text that each forces at the start of a reply."""


@dataclass(frozen=True, kw_only=True)
class Evaluation(Stage):
    """The table of replies of one round's model to the held-out questions, and the metrics.

    Attributes:
        questions: held-out ones, those of unseen families included.
        model: to evaluate.
        engine: how it generates.
        reply_tokens: limit of each reply, in tokens.
        scorer: which answers are right.
    """

    kind: ClassVar[str] = "evaluations"
    reusable: ClassVar[tuple[str, ...]] = ("part-*.parquet",)
    questions: Sequence[Question]
    model: RoundModel
    engine: Engine
    reply_tokens: int
    scorer: Scorer

    def inputs(self) -> dict[str, object]:
        """Model, questions with all their fields, limit, scorer, engine, the group size, which decides the batch shapes, and
        the version of the rules for prompts."""
        return {
            "model": self.model.key,
            "questions": question_fields(self.questions),
            "reply_tokens": self.reply_tokens,
            "scorer": self.scorer.identity(),
            "engine": self.engine.identity(),
            "even_groups_of": self.engine.replies_per_group,
            "prompts": ESCAPE_RULES,
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table group by group, then the metrics."""
        groups = question_groups(self.questions, at_most=max(1, self.engine.replies_per_group // len(_ARMS)))
        missing = [
            number
            for number, group in enumerate(groups)
            if num_rows_of(part_path(artifact.folder, number)) != len(group) * len(_ARMS)
        ]
        facts: dict[str, object] = {}
        if missing:
            folder = self.model.folder()
            chat = ChatTemplate.from_folder(folder)
            total = len(self.questions) * len(_ARMS)
            done = total - sum(len(groups[number]) for number in missing) * len(_ARMS)
            with (
                self.engine.open(folder, work_folder=artifact.folder) as session,
                progress_bar(description=self.name, total=total, done=done, unit="reply") as bar,
            ):

                def on_step(added: int, finished: int) -> None:
                    bar.update(finished)

                for number in missing:
                    replies = self._ask(groups[number], chat=chat, session=session, on_step=on_step)
                    write_part(part_path(artifact.folder, number), replies, record_type=HeldOutReply)
                    artifact.save_seconds()
                facts = session.facts()
        write_json(artifact.folder / METRICS, read_metrics(read_table(artifact.folder, HeldOutReply)))
        artifact.finish(engine=facts)

    def _ask(
        self, questions: Sequence[Question], *, chat: ChatTemplate, session: EngineSession, on_step: OnStep
    ) -> list[HeldOutReply]:
        branches = tuple(Branch(opener=opener, in_thought=False) for _, opener in _ARMS)
        requests = [GenerationRequest(prompt=chat.prompt(question.text), branches=branches) for question in questions]
        limits = Limits(thought_tokens=0, answer_tokens=self.reply_tokens)
        results = session.generate(requests, limits=limits, on_step=on_step)
        return [
            _read_reply(question, arm, continuation, scorer=self.scorer)
            for question, continuations in zip(questions, results, strict=True)
            for (arm, _), continuation in zip(_ARMS, continuations, strict=True)
        ]


def _read_reply(question: Question, arm: ArmName, continuation: Continuation, *, scorer: Scorer) -> HeldOutReply:
    parsed = parse_reply(continuation.answer)
    right = None
    if question.answer is not None:
        right = parsed.answer is not None and (
            scorer.score(parsed.answer, question_id=question.question_id, reference=question.answer) >= 1.0
        )
    return HeldOutReply(
        question_id=question.question_id,
        family=question.family,
        unseen=question.unseen,
        arm=arm,
        reply=continuation.answer,
        answer=parsed.answer,
        right=right,
        thought_well_formed=parsed.well_formed,
        reply_tokens=len(continuation.answer_ids),
        reply_finish=continuation.answer_finish,
    )
