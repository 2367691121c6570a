"""Ranks the answers of many questions with one ranker and one judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AnswerView, Judge, JudgeRequest, Verdict
from thoughtrank.judging.screening import EMPTY, rejection
from thoughtrank.rankers.duplicate_answers import DuplicateClass, duplicate_classes
from thoughtrank.rankers.protocol import Ranker, RankResult, StateT

ValueT = TypeVar("ValueT")

_QUESTIONS_ALL_TIED = 5
"""Questions with two or more different answers; when a judge orders none of that many, it judges nothing."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question with all its answers, to be ranked.

    Attributes:
        question_id: the question's id.
        question: its text.
        answers: with different ids; equal and empty texts are allowed.
        reference: the known right answer, or None.
        seed: decides every shuffle of this question.
    """

    question_id: str
    question: str
    answers: tuple[AnswerView, ...]
    reference: str | None
    seed: int


class Asks(Protocol):
    """Whoever takes looks: the executor, or a simulation in tests."""

    @property
    def judge(self) -> Judge:
        """The judge that takes the looks."""

    def ask(
        self,
        requests: Sequence[JudgeRequest],
        *,
        on_verdict: Callable[[JudgeRequest, Verdict], None] | None = None,
    ) -> list[Verdict]:
        """One verdict per request, in their order."""


def rank_questions(
    questions: Sequence[AskedQuestion],
    *,
    ranker: Ranker[StateT],
    executor: Asks,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[RankResult]:
    """Rank the answers of every question. All questions advance together, so a judge is never waited for one by one.

    Empty answers are set aside as unranked, and so is what no judge that reads should be shown (``answer_screening``); equal
    answers are judged once and share their rank.

    Args:
        questions: with different ids.
        ranker: plans the looks of one question.
        executor: has them taken.
        on_progress: called after every look with the looks done and the looks planned so far; the second number grows
            with each round.

    Returns:
        One result per question, in their order, over all its answer ids.

    Raises:
        UserError: the judge finds all answers equal, question after question; or whatever the judge raises.
    """
    exact = executor.judge.exact
    rejected = [_rejected(question, exact=exact) for question in questions]
    classes = [_distinct(question, each) for question, each in zip(questions, rejected, strict=True)]
    states = [
        ranker.start(
            question_id=question.question_id,
            question=question.question,
            answers=[each.representative for each in distinct],
            reference=question.reference,
            seed=question.seed,
            exact=exact,
            context_tokens=executor.judge.context_tokens,
        )
        for question, distinct in zip(questions, classes, strict=True)
    ]
    progress = _Progress(on_progress)
    ties = _Ties()
    while any(plans := [ranker.plan(state) for state in states]):
        requests = [request for plan in plans for request in plan]
        progress.plan(len(requests))
        verdicts = iter(executor.ask(requests, on_verdict=progress.on_verdict))
        for index, plan in enumerate(plans):
            judged = [(request, next(verdicts)) for request in plan]
            ties.add(index, [verdict for _, verdict in judged])
            if plan:
                states[index] = ranker.update(states[index], judged)
        if not exact:
            ties.check()
    results = (ranker.result(state) for state in states)
    return [_expanded(*each) for each in zip(rejected, classes, results, strict=True)]


class _Progress:
    """Counts looks for the caller."""

    def __init__(self, report: Callable[[int, int], None] | None) -> None:
        self._report = report
        self._done = 0
        self._planned = 0

    def plan(self, looks: int) -> None:
        self._planned += looks

    def on_verdict(self, _request: JudgeRequest, _verdict: Verdict) -> None:
        self._done += 1
        if self._report is not None:
            self._report(self._done, self._planned)


class _Ties:
    """Notices a judge that finds everything equal: its verdicts would be a ranking in form only."""

    def __init__(self) -> None:
        self._tied: set[int] = set()
        self._ordered = False

    def add(self, index: int, verdicts: Sequence[Verdict]) -> None:
        """Take in the verdicts about one question; those without a ranking say nothing here."""
        for verdict in verdicts:
            if verdict.status == "ok" and sum(map(len, verdict.groups)) > 1:
                self._tied.add(index)
                self._ordered = self._ordered or len(verdict.groups) > 1

    def check(self) -> None:
        """Raise UserError once enough questions were judged and not one pair of answers was told apart."""
        if not self._ordered and len(self._tied) >= _QUESTIONS_ALL_TIED:
            raise UserError(
                f"the judge found all answers equal in every one of {len(self._tied)} questions: its verdicts carry no "
                "information. Read its replies in the verdict log, and choose another judge or model."
            )


def _rejected(question: AskedQuestion, *, exact: bool) -> dict[str, str]:
    """Answer id to the reason why it is not judged; an exact judge does not read, so it cannot be talked into anything."""
    if exact:
        return {answer.answer_id: EMPTY for answer in question.answers if not answer.text.strip()}
    reasons = {text: rejection(text) for text in {answer.text for answer in question.answers}}
    return {answer.answer_id: reason for answer in question.answers if (reason := reasons[answer.text]) is not None}


def _distinct(question: AskedQuestion, rejected: Mapping[str, str]) -> list[DuplicateClass]:
    """The different answers that may be judged; which of several equal ones stands for them is decided by its id."""
    by_id = sorted(question.answers, key=lambda answer: answer.answer_id)
    return duplicate_classes([answer for answer in by_id if answer.answer_id not in rejected])


def _expanded(rejected: Mapping[str, str], classes: Sequence[DuplicateClass], result: RankResult) -> RankResult:
    """The result over all answers of the question: duplicates beside their representative, rejected ones unranked."""
    members = {each.representative.answer_id: each.members for each in classes}
    unranked = dict(rejected)
    for representative, reason in result.unranked.items():
        unranked.update(dict.fromkeys(members[representative], reason))
    groups = tuple(tuple(answer_id for each in group for answer_id in members[each]) for group in result.groups)

    def to_all(values: Mapping[str, ValueT]) -> dict[str, ValueT]:
        return {answer_id: value for each, value in values.items() for answer_id in members[each]}

    return RankResult(
        groups=groups,
        unranked=unranked,
        scores=to_all(result.scores),
        score_sds=to_all(result.score_sds),
        p_top=to_all(result.p_top),
        expected_regret=result.expected_regret,
        flags=to_all(result.flags),
    )
