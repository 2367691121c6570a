"""Stage 2: a judge ranks the answers of every question without seeing a thought."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from thoughtrank.evaluation.statistics import mean
from thoughtrank.judging.audit import judge_audit, swap_sample
from thoughtrank.judging.execution.budget import Budget, BudgetReached
from thoughtrank.judging.execution.executor import Executor, OnVerdict
from thoughtrank.judging.protocol import AnswerView, Judge, JudgeRequest, RemoteJudge, Verdict
from thoughtrank.progress import progress_bar
from thoughtrank.rankers.protocol import Ranker, RankResult
from thoughtrank.rankers.rank_questions import AskedQuestion, rank_questions
from thoughtrank.records import Candidate, Question, RankedCandidate
from thoughtrank.storage.store import Stage
from thoughtrank.storage.tables import write_part

VERDICTS = "_verdicts.jsonl"


def rank_candidates(
    *,
    stage: Stage,
    questions: Sequence[Question],
    candidates: Sequence[Candidate],
    judge: Judge,
    ranker: Ranker,
    budget: Budget,
    model_family: str | None,
    seed: int,
    description: str,
) -> None:
    """Write the table of rankings: one row per candidate, in the order of the candidates.

    Every look is in the verdict log before it is used, so a killed run pays for nothing twice.

    Args:
        stage: where the table goes; locked by the caller.
        questions: of this round.
        candidates: all of them.
        judge: takes the looks.
        ranker: decides which looks.
        budget: of the run.
        model_family: of the model that wrote the answers, for the audit.
        seed: of every shuffle.
        description: for the progress bar.

    Raises:
        UserError: the judge cannot be reached; what it has judged so far is kept.
    """
    by_question: dict[str, list[Candidate]] = {question.question_id: [] for question in questions}
    for candidate in candidates:
        by_question[candidate.question_id].append(candidate)
    asked = [_asked(question, by_question[question.question_id], seed=seed) for question in questions]
    with Executor(judge, stage.folder / VERDICTS, budget=budget) as executor:
        results = _ranked(asked, ranker=ranker, executor=executor, description=description)
        audit = _audit(executor, model_family=model_family)
        usage, lost_cost = executor.usage, executor.lost_cost
    rows = [
        row
        for question, result in zip(questions, results, strict=True)
        for row in _rows(by_question[question.question_id], result)
    ]
    write_part(stage.folder / "part-00000.parquet", rows, record_type=RankedCandidate)
    stage.finish(
        judge_tokens=usage.prompt_tokens + usage.completion_tokens,
        judge_cost=usage.cost,
        judge_lost_cost=lost_cost,
        audit=audit,
        unranked=dict(Counter(row.reason for row in rows if row.reason is not None)),
        flagged=sum(row.flag is not None for row in rows),
        expected_regret=mean([each.expected_regret for each in results if each.expected_regret is not None]),
    )


def _ranked(
    asked: Sequence[AskedQuestion], *, ranker: Ranker, executor: Executor, description: str
) -> list[RankResult]:
    """The ranking of every question, under a progress bar; says how far it came where the budget ends."""
    with progress_bar(description=description, total=len(asked), done=0, unit="look") as bar:

        def on_progress(done: int, planned: int) -> None:
            bar.total = planned
            bar.update(done - bar.n)

        try:
            return rank_questions(asked, ranker=ranker, executor=executor, on_progress=on_progress)
        except BudgetReached as reached:
            ranked = sum(_is_ranked(each, ranker=ranker, executor=executor) for each in asked)
            raise reached.with_ranked(f"{description}: {ranked} of {len(asked)} questions are ranked.") from None


def spent_on_judge(stage: Stage) -> float:
    """US dollars that a finished ranking cost, replies that were lost on the way included."""
    facts = stage.facts()
    return facts["judge_cost"] + facts["judge_lost_cost"]


def _audit(executor: Executor, *, model_family: str | None) -> dict[str, Any]:
    """The figures of ``JudgeAudit`` over the looks of the round; none for a judge that compares without error."""
    judge = executor.judge
    if judge.exact:
        return {}
    looks = list(executor.looks.values())
    swapped: list[tuple[JudgeRequest, Verdict]] = []
    if isinstance(judge, RemoteJudge):
        requests = swap_sample(looks, share=judge.audit_share)
        # The ranking is done: it does not wait for an audit that the budget has no room for.
        with suppress(BudgetReached):
            executor.ask(requests)
        taken = ((request, executor.known(request)) for request in requests)
        swapped = [(request, verdict) for request, verdict in taken if verdict is not None]
    return asdict(judge_audit(looks, swapped, judge_family=judge.family(), model_family=model_family))


class _Untaken(Exception):
    """A look is not in the log."""


class _LogOnly:
    """Asks nobody: serves the looks that were taken before."""

    def __init__(self, executor: Executor) -> None:
        self.judge = executor.judge
        self._known = executor.known

    def ask(self, requests: Sequence[JudgeRequest], *, on_verdict: OnVerdict | None = None) -> list[Verdict]:
        verdicts = [self._known(request) for request in requests]
        if None in verdicts:
            raise _Untaken
        return [verdict for verdict in verdicts if verdict is not None]


def _is_ranked(question: AskedQuestion, *, ranker: Ranker, executor: Executor) -> bool:
    """Whether the looks that were taken already rank a question to the end."""
    try:
        rank_questions([question], ranker=ranker, executor=_LogOnly(executor))
    except _Untaken:
        return False
    return True


def _asked(question: Question, candidates: Sequence[Candidate], *, seed: int) -> AskedQuestion:
    """What a ranker gets to see. The ids are for the log; a prompt shows only labels, shuffled for every look."""
    return AskedQuestion(
        question_id=question.question_id,
        question=question.text,
        answers=tuple(AnswerView(candidate.candidate_id, candidate.answer) for candidate in candidates),
        reference=question.answer,
        seed=int.from_bytes(sha256(f"{seed}-{question.question_id}".encode()).digest()[:6], "big"),
    )


def _rows(candidates: Sequence[Candidate], result: RankResult) -> list[RankedCandidate]:
    ranks: dict[str, int] = {}
    better = 0
    for group in result.groups:
        ranks.update(dict.fromkeys(group, better + 1))
        better += len(group)
    return [
        RankedCandidate(
            question_id=candidate.question_id,
            candidate_id=candidate.candidate_id,
            prefix=candidate.prefix,
            rank=ranks.get(candidate.candidate_id),
            reason=result.unranked.get(candidate.candidate_id),
            score=result.scores.get(candidate.candidate_id),
            score_sd=result.score_sds.get(candidate.candidate_id),
            p_top=result.p_top.get(candidate.candidate_id),
            flag=result.flags.get(candidate.candidate_id),
        )
        for candidate in candidates
    ]
