"""Ranks the answers of many questions with one ranker and one judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AnswerView, Judge, JudgeRequest, Verdict
from thoughtrank.judging.screening import rejection, unusable
from thoughtrank.rankers.duplicate_answers import DuplicateClass, duplicate_classes
from thoughtrank.rankers.protocol import Ranker, RankResult, StateT

ValueT = TypeVar("ValueT")

_ALL_TIED_QUESTIONS = 5
"""Questions with two or more different answers; a judge that orders none of this many carries no information."""


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """One question with all its answers, to be ranked.

    Attributes:
        question_id: the question's id.
        question: its text.
        answers: with different ids; equal and empty texts are allowed.
        reference: the reference answer, or None.
        seed: decides every shuffle of this question.
        unranked: answer id to the reason why it must not be judged, where that is known already.
    """

    question_id: str
    question: str
    answers: tuple[AnswerView, ...]
    reference: str | None
    seed: int
    unranked: Mapping[str, str] = field(default_factory=dict)


class CallExecutor(Protocol):
    """Makes judge calls: the executor, or a simulation in tests."""

    @property
    def judge(self) -> Judge:
        """The judge that is called."""

    def ask(
        self,
        requests: Sequence[JudgeRequest],
        *,
        on_verdict: Callable[[JudgeRequest, Verdict], None] | None = None,
    ) -> list[Verdict]:
        """One verdict per request, in their order."""


def rank_questions(
    questions: Sequence[AnsweredQuestion],
    *,
    ranker: Ranker[StateT],
    executor: CallExecutor,
    on_progress: Callable[[int, int], None] | None = None,
    ties: "TieDetector | None" = None,
) -> list[RankResult]:
    """Rank the answers of every question. All questions advance together, so that calls run in parallel.

    Empty answers and those with a thought tag are unranked, and so are answers that must not be shown to a judge that reads
    (``judging.screening``); equal answers are judged once and share their rank.

    Args:
        questions: with different ids.
        ranker: plans the calls of one question.
        executor: makes them.
        on_progress: called after every call with the numbers of calls done and planned so far; the second grows with each
            round.
        ties: of the questions that were ranked before these with the same judge; None where there were none.

    Returns:
        One result per question, in their order, over all its answer ids.

    Raises:
        UserError: the judge finds all answers equal in question after question; or the judge itself raises.
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
    ties = ties or TieDetector()
    while any(plans := [ranker.plan(state) for state in states]):
        requests = [request for plan in plans for request in plan]
        progress.plan(len(requests))
        verdicts = iter(executor.ask(requests, on_verdict=progress.on_verdict))
        for index, plan in enumerate(plans):
            judged = [(request, next(verdicts)) for request in plan]
            ties.add(questions[index].question_id, [verdict for _, verdict in judged])
            if plan:
                states[index] = ranker.update(states[index], judged)
        if not exact:
            ties.check()
    results = (ranker.result(state) for state in states)
    return [_expanded(*each) for each in zip(rejected, classes, results, strict=True)]


class _Progress:
    """Counts calls for the caller."""

    def __init__(self, report: Callable[[int, int], None] | None) -> None:
        self._report = report
        self._done = 0
        self._planned = 0

    def plan(self, calls: int) -> None:
        self._planned += calls

    def on_verdict(self, _request: JudgeRequest, _verdict: Verdict) -> None:
        self._done += 1
        if self._report is not None:
            self._report(self._done, self._planned)


class TieDetector:
    """Detects a judge that finds everything equal, so that its verdicts carry no information."""

    def __init__(self) -> None:
        self._tied: set[str] = set()
        self._ordered = False

    def add(self, question_id: str, verdicts: Sequence[Verdict]) -> None:
        """Add the verdicts about one question; those without a ranking are ignored."""
        for verdict in verdicts:
            if verdict.status == "ok" and sum(map(len, verdict.groups)) > 1:
                self._tied.add(question_id)
                self._ordered = self._ordered or len(verdict.groups) > 1

    def check(self) -> None:
        """Raise UserError once enough questions were judged and no two answers were distinguished."""
        if not self._ordered and len(self._tied) >= _ALL_TIED_QUESTIONS:
            raise UserError(
                f"the judge found all answers equal in every one of {len(self._tied)} questions: its verdicts carry no "
                "information. Read its replies in the verdict log, and choose another judge or model."
            )


def _rejected(question: AnsweredQuestion, *, exact: bool) -> dict[str, str]:
    """Answer id to the reason why it is not judged; an exact judge does not read, so no text can manipulate it."""
    reason_of = unusable if exact else rejection
    reasons = {text: reason_of(text) for text in {answer.text for answer in question.answers}}
    rejected = {answer.answer_id: reason for answer in question.answers if (reason := reasons[answer.text]) is not None}
    return {**rejected, **question.unranked}


def _distinct(question: AnsweredQuestion, rejected: Mapping[str, str]) -> list[DuplicateClass]:
    """The different answers that may be judged; the one with the smallest id represents its duplicates."""
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
