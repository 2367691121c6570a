"""Asks held-out questions in the arms of an evaluation: from what an arm forces to the rows of the table of replies."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from thoughtrank.engines.protocol import Branch, Continuation, EngineSession, GenerationRequest, Limits, OnStep
from thoughtrank.evaluation.answer_extraction import first_answer
from thoughtrank.evaluation.arms.best_of_n import majority
from thoughtrank.evaluation.arms.protocol import Arm, ArmName, Forced
from thoughtrank.evaluation.arms.registry import ARMS
from thoughtrank.evaluation.metrics import HeldOutReply, Split
from thoughtrank.evaluation.reference_kinds import question_kind
from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import OPEN_TAG, answer_opener, opener, parse_reply, split_thought
from thoughtrank.records import Question

_SPARE_TOKENS = 8

ForcedByArm = Mapping[ArmName, Mapping[str, Forced]]
"""Arm to question id to what is forced; a question without an entry is not asked in this arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplySettings:
    """How replies are generated.

    Attributes:
        reply_tokens: limit of a free reply, in tokens.
        thought_tokens: limit of a thought that is forced open.
        answer_tokens: limit of a reply after the answer stem.
        stem: the answer stem.
        temperature: of the samples that are voted on.
    """

    reply_tokens: int
    thought_tokens: int
    answer_tokens: int
    stem: str
    temperature: float


def held_out_tokens(settings: ReplySettings, *, arms: Sequence[ArmName]) -> int:
    """Most tokens after the prompt of a held-out question, in any of ``arms``.

    Thoughts of other questions and edited ones may be longer by a few tokens when they are encoded again.
    """
    if not any(ARMS[name].forces_answer for name in arms):
        return settings.reply_tokens
    thought = max(settings.reply_tokens, settings.thought_tokens)
    stem = len(answer_opener(thought="", stem=settings.stem).encode())
    return thought + stem + settings.answer_tokens + _SPARE_TOKENS


class ArmReplies:
    """Asks questions and reads the replies. Several threads may ask about a group each, if the session allows it.

    Args:
        session: with the model; kept as an attribute.
        chat: of the model.
        settings: of the replies.
        scorer: decides which answers are right.
        split: the questions' own.
    """

    def __init__(
        self, *, session: EngineSession, chat: ChatTemplate, settings: ReplySettings, scorer: Scorer, split: Split
    ) -> None:
        self.session = session
        self._chat = chat
        self._settings = settings
        self._scorer = scorer
        self._split = split
        self._scoring = Lock()

    def ask(
        self, questions: Sequence[Question], *, arms: Sequence[Arm], forced: ForcedByArm, on_step: OnStep
    ) -> list[HeldOutReply]:
        """One reply to each question in each arm that has something to force for it; free and short arms apart.

        Args:
            questions: of one group.
            arms: all free, or all with a forced answer stem.
            forced: what each arm forces.
            on_step: for progress.
        """
        asked = [
            (question, [arm for arm in arms if question.question_id in forced[arm.name]]) for question in questions
        ]
        asked = [(question, of_question) for question, of_question in asked if of_question]
        if not asked:
            return []
        settings = self._settings
        limit = settings.answer_tokens if arms[0].forces_answer else settings.reply_tokens
        requests = [
            self._request(
                question,
                [
                    Branch(self._opener(arm, forced[arm.name][question.question_id]), in_thought=False)
                    for arm in of_question
                ],
            )
            for question, of_question in asked
        ]
        limits = Limits(thought_tokens=0, answer_tokens=limit)
        results = self.session.generate(requests, limits=limits, on_step=on_step)
        return [
            self._row(question, arm, continuation, forced=forced[arm.name][question.question_id])
            for (question, of_question), continuations in zip(asked, results, strict=True)
            for arm, continuation in zip(of_question, continuations, strict=True)
        ]

    def own_thoughts(
        self, questions: Sequence[Question], *, replies: Sequence[HeldOutReply], on_step: OnStep
    ) -> dict[str, str]:
        """The model's own thought about each question, by its id.

        It is the one of the free reply in ``replies``, where that opens with a thought and closes it. For the other questions
        a thought is forced open and generated up to ``thought_tokens``.
        """
        free = {reply.question_id: _opening_thought(reply.reply) for reply in replies if reply.arm == "thought"}
        thoughts = {question_id: thought for question_id, thought in free.items() if thought is not None}
        missing = [question for question in questions if question.question_id not in thoughts]
        if missing:
            results = self.session.generate(
                [self._request(question, [Branch(opener(""), in_thought=True)]) for question in missing],
                limits=Limits(thought_tokens=self._settings.thought_tokens, answer_tokens=0),
                on_step=lambda tokens, finished: on_step(tokens, 0),
            )
            for question, [continuation] in zip(missing, results, strict=True):
                thoughts[question.question_id] = continuation.thought
        return {question.question_id: thoughts[question.question_id] for question in questions}

    def vote(
        self, questions: Sequence[Question], *, arm: Arm, forced: Mapping[str, Forced], samples: int, on_step: OnStep
    ) -> list[HeldOutReply]:
        """One row per question: the majority of sampled short replies.

        Args:
            questions: of one group.
            arm: that is sampled.
            forced: what it forces.
            samples: per question.
            on_step: for progress.
        """
        requests = [
            self._request(
                question,
                [
                    Branch(
                        self._opener(arm, forced[question.question_id]),
                        in_thought=False,
                        answer_temperature=self._settings.temperature,
                        seed=_seed(question, number),
                    )
                    for number in range(samples)
                ],
            )
            for question in questions
        ]
        limits = Limits(thought_tokens=0, answer_tokens=self._settings.answer_tokens)
        # A reply is finished with the last of its samples.
        results = self.session.generate(requests, limits=limits, on_step=lambda tokens, finished: on_step(tokens, 0))
        on_step(0, len(questions))
        return [
            self._voted(question, arm, continuations, forced=forced[question.question_id])
            for question, continuations in zip(questions, results, strict=True)
        ]

    def _request(self, question: Question, branches: Sequence[Branch]) -> GenerationRequest:
        return GenerationRequest(prompt=self._chat.prompt(question.text, question.context), branches=tuple(branches))

    def _opener(self, arm: Arm, forced: Forced) -> str:
        if forced.thought is None:
            return ""
        if arm.forces_answer:
            return answer_opener(thought=forced.thought, stem=self._settings.stem)
        return opener(forced.thought, closed=True)

    def _row(self, question: Question, arm: Arm, continuation: Continuation, *, forced: Forced) -> HeldOutReply:
        parsed = parse_reply(continuation.answer)
        answer = parsed.answer
        if arm.forces_answer:
            answer = first_answer(continuation.answer, question_kind(question))
        return HeldOutReply(
            question_id=question.question_id,
            family=question.family,
            unseen=question.unseen,
            arm=arm.name,
            reply=continuation.answer,
            answer=answer,
            right=self._is_right(question, answer),
            thought_well_formed=parsed.well_formed,
            reply_tokens=len(continuation.answer_ids),
            reply_finish=continuation.answer_finish,
            thought=forced.thought,
            thought_source=forced.source,
            edit=forced.edit,
            problem=question.problem,
            split=self._split,
        )

    def _voted(
        self, question: Question, arm: Arm, continuations: Sequence[Continuation], *, forced: Forced
    ) -> HeldOutReply:
        kind = question_kind(question)
        answers = [first_answer(continuation.answer, kind) for continuation in continuations]
        winner = continuations[majority(answers) or 0]
        return replace(
            self._row(question, arm, winner, forced=forced),
            reply_tokens=sum(len(continuation.answer_ids) for continuation in continuations),
            samples=tuple(answer or "" for answer in answers),
        )

    def _is_right(self, question: Question, answer: str | None) -> bool | None:
        if question.answer is None:
            return None
        if answer is None:
            return False
        # A scorer of the user's need not be made for several threads.
        with self._scoring:
            return self._scorer.score(answer, question_id=question.question_id, reference=question.answer) >= 1.0


def _opening_thought(reply: str) -> str | None:
    """The thought that a reply begins with; None where there is none, or it is not closed."""
    if not reply.startswith(OPEN_TAG):
        return None
    thought = split_thought(reply.removeprefix(OPEN_TAG))
    return thought.thought if thought.closed else None


def _seed(question: Question, number: int) -> int:
    """Of one sample; the same in every round."""
    return int.from_bytes(hashlib.sha256(f"best_of_n/{question.question_id}/{number}".encode()).digest()[:6], "big")
