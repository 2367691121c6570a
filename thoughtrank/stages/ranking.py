"""Stage 2: a judge ranks the answers of every question without seeing a thought."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from itertools import islice
from typing import ClassVar

from thoughtrank.evaluation.statistics import mean
from thoughtrank.judging.audit import AuditTotals, is_ranking
from thoughtrank.judging.execution.budget import BudgetReached
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.protocol import AnswerView
from thoughtrank.judging.screening import MALFORMED
from thoughtrank.judging.swap_sample import SwapSample
from thoughtrank.output.progress import Progress, progress_bar
from thoughtrank.rankers.protocol import Ranker, RankResult
from thoughtrank.rankers.rank_questions import AnsweredQuestion, TieDetector, rank_questions
from thoughtrank.rankers.replay import JudgedCall, LoggedVerdicts, RecordedCalls, calls_of, is_ranked
from thoughtrank.records import Candidate, Question, RankedCandidate
from thoughtrank.stages.judged_stage import JudgedStage
from thoughtrank.stages.stage import question_references, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.question_rows import rows_of_questions
from thoughtrank.storage.tables import TableRows, write_rows

_QUESTIONS_AT_ONCE = 256
"""Questions that are ranked together: enough for parallel calls, and a bounded number of answers in memory."""

_CALLS_AT_ONCE = 256
"""Calls that the audit repeats together."""


@dataclass(frozen=True, kw_only=True)
class Ranking(JudgedStage):
    """The table of rankings of one round: one row per candidate, in the order of the candidates.

    Attributes:
        questions: of this round.
        candidates: table of candidates.
        ranker: decides which judge calls to make.
        model_family: of the model that wrote the answers, for the audit.
    """

    kind: ClassVar[str] = "rankings"
    questions: Sequence[Question]
    candidates: Artifact
    ranker: Ranker
    model_family: str | None

    def inputs(self) -> dict[str, object]:
        """Candidates, questions, reference answers, judge, ranker and seed."""
        return {
            "candidates": self.candidates.key,
            "questions": question_texts(self.questions),
            "references": question_references(self.questions),
            "judge": self.judge.identity(),
            "ranker": self.ranker.identity(),
            "seed": self.seed,
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table.

        Raises:
            UserError: the judge is unavailable or the budget is reached; all verdicts so far are kept.
        """
        totals = _RankingTotals(swaps=SwapSample(self.judge.audit_share))
        with self.calling(artifact) as executor:
            rows = self._rank(executor, totals=totals)
            write_rows(artifact.folder / "part-00000.parquet", rows, record_type=RankedCandidate)
            audit = {} if self.judge.exact else self._audit(executor, totals=totals)
            costs = self.cost_facts(executor)
        artifact.finish(
            **costs,
            audit=audit,
            unranked=dict(totals.unranked),
            flagged=totals.flagged,
            expected_regret=mean(totals.regrets),
        )

    def _rank(self, executor: Executor, *, totals: "_RankingTotals") -> Iterator[RankedCandidate]:
        """The rows of the table, made group by group, with a progress bar.

        Raises:
            BudgetReached: with how far the ranking got.
        """
        ties = TieDetector()
        calls = RecordedCalls(executor)
        with progress_bar(description=self.name, total=len(self.questions), done=0, unit="call") as bar:
            answered = self._answered()
            while group := list(islice(answered, _QUESTIONS_AT_ONCE)):
                asked = [self._asked(question, candidates) for question, candidates in group]
                later = len(self.questions) - totals.questions - len(group)
                on_progress = _on_progress(bar, later=later)
                try:
                    results = rank_questions(
                        asked, ranker=self.ranker, executor=calls, on_progress=on_progress, ties=ties
                    )
                except BudgetReached as reached:
                    ranked = totals.questions + self._count_ranked(executor, after=totals.questions)
                    text = f"{self.name}: {ranked} of {len(self.questions)} questions are ranked."
                    raise reached.with_ranked(text) from None
                made = calls.take()
                if not self.judge.exact:
                    totals.add_calls(made, asked=asked)
                for (_, candidates), result in zip(group, results, strict=True):
                    rows = _rows(candidates, result)
                    totals.add(rows, result)
                    yield from rows

    def _answered(self) -> Iterator[tuple[Question, list[Candidate]]]:
        return rows_of_questions(self.questions, TableRows(self.candidates.folder, Candidate))

    def _asked(self, question: Question, candidates: Sequence[Candidate]) -> AnsweredQuestion:
        """What a ranker sees. The ids are for the log; a prompt shows only labels, shuffled for every judge call."""
        return AnsweredQuestion(
            question_id=question.question_id,
            question=question.whole_text,
            answers=tuple(AnswerView(candidate.candidate_id, candidate.answer) for candidate in candidates),
            reference=question.answer,
            seed=int.from_bytes(sha256(f"{self.seed}-{question.question_id}".encode()).digest()[:6], "big"),
            unranked={candidate.candidate_id: MALFORMED for candidate in candidates if candidate.is_malformed},
        )

    def _count_ranked(self, executor: Executor, *, after: int) -> int:
        """How many of the questions ``after`` the first ones the logged verdicts rank completely."""
        logged = LoggedVerdicts(self.judge, executor.known)
        asked = (self._asked(question, candidates) for question, candidates in self._answered())
        return sum(is_ranked(each, ranker=self.ranker, logged=logged) for each in islice(asked, after, None))

    def _audit(self, executor: Executor, *, totals: "_RankingTotals") -> dict[str, object]:
        """The figures of ``JudgeAudit`` over the judge calls of the round, some of which are repeated for it."""
        budget_is_reached = False
        chosen = self._chosen_calls(executor, swaps=totals.swaps)
        while calls := list(islice(chosen, _CALLS_AT_ONCE)):
            swapped = [replace(request, reverse=True) for request, _ in calls]
            if not budget_is_reached:
                # The ranking is complete: an audit that the budget has no room for must not fail it.
                try:
                    executor.ask(swapped)
                except BudgetReached:
                    budget_is_reached = True
            for (_, verdict), request in zip(calls, swapped, strict=True):
                again = executor.known(request)
                if again is not None:
                    totals.audit.add_swapped(verdict, again)
        return asdict(totals.audit.figures(judge_family=self.judge.family(), model_family=self.model_family))

    def _chosen_calls(self, executor: Executor, *, swaps: SwapSample) -> Iterator[JudgedCall]:
        """The calls to repeat, from the log: only what is needed to choose them was kept in memory."""
        chosen = swaps.chosen()
        logged = LoggedVerdicts(self.judge, executor.known)
        for number, (question, candidates) in enumerate(self._answered() if chosen.questions else ()):
            if number in chosen.questions:
                calls = calls_of(self._asked(question, candidates), ranker=self.ranker, logged=logged)
                yield from (call for call in calls if is_ranking(call[1]) and call[0] in chosen)


@dataclass
class _RankingTotals:
    """What is counted over the ranked questions.

    Attributes:
        questions: so far.
        unranked: candidates by the reason why they are unranked.
        flagged: candidates.
        regrets: expected regrets of the questions that have one.
        swaps: chooses the calls that the audit repeats.
        audit: of a judge that is not exact.
    """

    swaps: SwapSample
    questions: int = 0
    unranked: Counter[str] = field(default_factory=Counter)
    flagged: int = 0
    regrets: list[float] = field(default_factory=list)
    audit: AuditTotals = field(default_factory=AuditTotals)

    def add_calls(self, calls: Sequence[JudgedCall], *, asked: Sequence[AnsweredQuestion]) -> None:
        """Count the calls about the following questions, before these are counted themselves."""
        numbers = {question.question_id: number for number, question in enumerate(asked, start=self.questions)}
        for request, verdict in calls:
            self.audit.add(request, verdict)
            if is_ranking(verdict):
                self.swaps.add(request, question=numbers[request.question_id])

    def add(self, rows: Sequence[RankedCandidate], result: RankResult) -> None:
        """Count one question."""
        self.questions += 1
        self.unranked.update(row.reason for row in rows if row.reason is not None)
        self.flagged += sum(row.flag is not None for row in rows)
        if result.expected_regret is not None:
            self.regrets.append(result.expected_regret)


def _on_progress(bar: Progress, *, later: int) -> Callable[[int, int], None]:
    """Updates the bar while one group is ranked; ``later`` questions, of which nothing is known yet, follow it."""
    before = bar.n

    def on_progress(done: int, planned: int) -> None:
        bar.total = before + planned + later
        bar.update(before + done - bar.n)

    return on_progress


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
