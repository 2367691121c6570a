"""Stage 2: a judge ranks the answers of every question without seeing a thought."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import ClassVar

from thoughtrank.evaluation.statistics import mean
from thoughtrank.judging.audit import judge_audit, swap_sample
from thoughtrank.judging.execution.budget import Budget, BudgetReached
from thoughtrank.judging.execution.executor import RESERVATIONS, Executor, OnVerdict
from thoughtrank.judging.protocol import AnswerView, Judge, JudgeRequest, Verdict
from thoughtrank.progress import progress_bar
from thoughtrank.rankers.protocol import Ranker, RankResult
from thoughtrank.rankers.rank_questions import AnsweredQuestion, rank_questions
from thoughtrank.records import Candidate, Question, RankedCandidate
from thoughtrank.stages.stage import Stage, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.tables import read_table, write_part

VERDICTS = "_verdicts.jsonl"


@dataclass(frozen=True, kw_only=True)
class Ranking(Stage):
    """The table of rankings of one round: one row per candidate, in the order of the candidates.

    Every verdict is in the verdict log before it is used, so a killed run pays for nothing twice.

    Attributes:
        questions: of this round.
        candidates: table of candidates.
        judge: answers the judge calls.
        ranker: decides which judge calls to make.
        budget: of the run.
        model_family: of the model that wrote the answers, for the audit.
        seed: of every shuffle.
    """

    kind: ClassVar[str] = "rankings"
    reusable: ClassVar[tuple[str, ...]] = (VERDICTS, RESERVATIONS)
    questions: Sequence[Question]
    candidates: Artifact
    judge: Judge
    ranker: Ranker
    budget: Budget
    model_family: str | None
    seed: int

    def inputs(self) -> dict[str, object]:
        """Candidates, questions, reference answers, judge, ranker and seed."""
        return {
            "candidates": self.candidates.key,
            "questions": question_texts(self.questions),
            "references": [question.answer for question in self.questions],
            "judge": self.judge.identity(),
            "ranker": self.ranker.identity(),
            "seed": self.seed,
        }

    def reuse(self, artifact: Artifact) -> None:
        """Count what the judge has cost already against the run's budget."""
        self.budget.add(artifact.facts["judge_cost"] + artifact.facts["judge_lost_cost"])

    def make(self, artifact: Artifact) -> None:
        """Write the table.

        Raises:
            UserError: the judge is unavailable or the budget is reached; all verdicts so far are kept.
        """
        by_question: dict[str, list[Candidate]] = {question.question_id: [] for question in self.questions}
        for candidate in read_table(self.candidates.folder, Candidate):
            by_question[candidate.question_id].append(candidate)
        asked = [_asked(question, by_question[question.question_id], seed=self.seed) for question in self.questions]
        with Executor(self.judge, artifact.folder / VERDICTS, budget=self.budget) as executor:
            results = self._rank(asked, executor=executor)
            audit = self._audit(executor)
            usage, lost_cost = executor.usage, executor.lost_cost
        rows = [
            row
            for question, result in zip(self.questions, results, strict=True)
            for row in _rows(by_question[question.question_id], result)
        ]
        write_part(artifact.folder / "part-00000.parquet", rows, record_type=RankedCandidate)
        artifact.finish(
            judge_tokens=usage.prompt_tokens + usage.completion_tokens,
            judge_cost=usage.cost,
            judge_lost_cost=lost_cost,
            audit=audit,
            unranked=dict(Counter(row.reason for row in rows if row.reason is not None)),
            flagged=sum(row.flag is not None for row in rows),
            expected_regret=mean([each.expected_regret for each in results if each.expected_regret is not None]),
        )

    def _rank(self, asked: Sequence[AnsweredQuestion], *, executor: Executor) -> list[RankResult]:
        """The ranking of every question, with a progress bar; reports how far it got if the budget is reached."""
        with progress_bar(description=self.name, total=len(asked), done=0, unit="call") as bar:

            def on_progress(done: int, planned: int) -> None:
                bar.total = planned
                bar.update(done - bar.n)

            try:
                return rank_questions(asked, ranker=self.ranker, executor=executor, on_progress=on_progress)
            except BudgetReached as reached:
                ranked = sum(_is_ranked(each, ranker=self.ranker, executor=executor) for each in asked)
                raise reached.with_ranked(f"{self.name}: {ranked} of {len(asked)} questions are ranked.") from None

    def _audit(self, executor: Executor) -> dict[str, object]:
        """The figures of ``JudgeAudit`` over the judge calls of the round; none for an exact judge."""
        judge = self.judge
        if judge.exact:
            return {}
        calls = list(executor.calls.values())
        swapped: list[tuple[JudgeRequest, Verdict]] = []
        if judge.audit_share:
            requests = swap_sample(calls, fraction=judge.audit_share)
            # The ranking is complete: an audit that the budget has no room for must not fail it.
            with suppress(BudgetReached):
                executor.ask(requests)
            answered = ((request, executor.known(request)) for request in requests)
            swapped = [(request, verdict) for request, verdict in answered if verdict is not None]
        return asdict(judge_audit(calls, swapped, judge_family=judge.family(), model_family=self.model_family))


class _NotLogged(Exception):
    """A judge call has no verdict in the log."""


class _LoggedVerdicts:
    """Answers judge calls from the log only."""

    def __init__(self, executor: Executor) -> None:
        self.judge = executor.judge
        self._known = executor.known

    def ask(self, requests: Sequence[JudgeRequest], *, on_verdict: OnVerdict | None = None) -> list[Verdict]:
        verdicts = [self._known(request) for request in requests]
        if None in verdicts:
            raise _NotLogged
        return [verdict for verdict in verdicts if verdict is not None]


def _is_ranked(question: AnsweredQuestion, *, ranker: Ranker, executor: Executor) -> bool:
    """Whether the logged verdicts rank a question completely."""
    try:
        rank_questions([question], ranker=ranker, executor=_LoggedVerdicts(executor))
    except _NotLogged:
        return False
    return True


def _asked(question: Question, candidates: Sequence[Candidate], *, seed: int) -> AnsweredQuestion:
    """What a ranker sees. The ids are for the log; a prompt shows only labels, shuffled for every judge call."""
    return AnsweredQuestion(
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
