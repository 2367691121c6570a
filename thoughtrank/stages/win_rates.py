"""Beside the evaluation: a judge compares two replies to each question, blind and in both orders.

It sees the answers only, under labels that say nothing of where they come from; a thought never reaches it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any, ClassVar

from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.win_rates import JudgedPair, win_rate
from thoughtrank.judging.execution.budget import BudgetReached
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.execution.stage_logs import take_over_verdicts
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict
from thoughtrank.judging.screening import rejection
from thoughtrank.output.progress import progress_bar
from thoughtrank.rankers.duplicate_answers import duplicate_classes
from thoughtrank.records import Question
from thoughtrank.stages.judged_stage import JudgedStage
from thoughtrank.stages.stage import question_fields
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.fingerprint import fingerprint
from thoughtrank.storage.judge_costs import ACCOUNT, known_cost
from thoughtrank.storage.tables import TableRows, write_rows

_VERSION = 1
"""Raised when equal settings give other scores or another table."""
_PAIRS_AT_ONCE = 128
"""Pairs that are judged together: enough for parallel calls."""
_OF_THE_STAGE = ("judge_lost_cost", "judge_unpriced_tokens", "judge_raised_bounds", ACCOUNT)
"""Facts that say nothing of the comparison."""
_FIRST, _SECOND = "first", "second"
"""Answer ids, for the log; a prompt shows only labels."""


@dataclass(frozen=True, kw_only=True)
class Replies:
    """The replies of one arm.

    Attributes:
        table: of an evaluation.
        arm: which rows of it.
    """

    table: Artifact
    arm: ArmName

    def answers(self) -> dict[str, str]:
        """Question id to the text after the thought; empty where the thought was never closed."""
        rows = TableRows(self.table.folder, HeldOutReply)
        return {row.question_id: row.answer or "" for row in rows if row.arm == self.arm}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """Two answers to one question.

    Attributes:
        score: of the first, where the judge need not be asked; None where it is.
        reason: why it is not.
    """

    question: Question
    first: str
    second: str
    score: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class WinRates(JudgedStage):
    """The table of one comparison: two replies to each question, and which of them is preferred.

    Attributes:
        questions: whose replies are compared.
        first, second: the replies; a score of 1 is a win of the first.
    """

    kind: ClassVar[str] = "win_rates"
    questions: Sequence[Question]
    first: Replies
    second: Replies

    def inputs(self) -> dict[str, object]:
        """Both tables of replies with their arms, the questions with all their fields, judge and seed."""
        return {
            "version": _VERSION,
            "first": [self.first.table.key, self.first.arm],
            "second": [self.second.table.key, self.second.arm],
            "questions": question_fields(self.questions),
            "judge": self.judge.identity(),
            "seed": self.seed,
        }

    def account(self, artifact: Artifact) -> str:
        """See ``JudgedStage``: the same whichever questions are compared, since all of them need the same verdicts."""
        return self._comparison()

    def replaces(self, facts: Mapping[str, Any]) -> bool:
        """See ``Stage``: the same comparison on other questions is replaced."""
        return facts.get(ACCOUNT) == self._comparison()

    def _comparison(self) -> str:
        """Fingerprint of all inputs but the questions."""
        inputs = {name: value for name, value in self.inputs().items() if name != "questions"}
        return fingerprint(kind=self.kind, **inputs)

    def make(self, artifact: Artifact) -> None:
        """Write the table, then the win rate. Verdicts of the table that it replaces are taken over.

        Raises:
            UserError: the judge is unavailable or the budget is reached; all verdicts so far are kept.
        """
        ids = {each.question_id for each in self.questions}
        take_over_verdicts(self.published, artifact.folder, question_ids=ids)
        with self.calling(artifact) as executor:
            pairs = list(self._judged(executor))
            costs = self.cost_facts(executor)
        write_rows(artifact.folder / "part-00000.parquet", pairs, record_type=JudgedPair)
        artifact.finish(
            **asdict(win_rate(pairs, seed=self.seed)),
            **costs,
            **{ACCOUNT: self._comparison()},
        )

    def _judged(self, executor: Executor) -> Iterator[JudgedPair]:
        """The rows of the table.

        Raises:
            BudgetReached: with how many pairs are judged.
        """
        compared = self._compared()
        with progress_bar(description=self.name, total=len(compared), done=0, unit="pair") as bar:
            for start in range(0, len(compared), _PAIRS_AT_ONCE):
                group = compared[start : start + _PAIRS_AT_ONCE]
                requests = [self._request(each) for each in group if each.score is None]
                try:
                    verdicts = iter(executor.ask([each for one in requests for each in _both_orders(one)]))
                except BudgetReached as reached:
                    text = f"{self.name}: at least {start} of {len(compared)} pairs of replies are judged."
                    raise reached.with_ranked(text) from None
                for each in group:
                    yield _row(each, [next(verdicts), next(verdicts)] if each.score is None else [])
                bar.update(len(group))

    def _compared(self) -> list[_Compared]:
        """The questions with a reply in both arms."""
        first, second = self.first.answers(), self.second.answers()
        ids = first.keys() & second.keys()
        return [
            _decided(_Compared(question=each, first=first[each.question_id], second=second[each.question_id]))
            for each in self.questions
            if each.question_id in ids
        ]

    def _request(self, compared: _Compared) -> JudgeRequest:
        """The call in the order that the seed decides."""
        question = compared.question
        answers = duplicate_classes([AnswerView(_FIRST, compared.first), AnswerView(_SECOND, compared.second)])
        digest = sha256(f"{self.seed}-{question.question_id}-win_rates".encode()).digest()
        return JudgeRequest(
            question_id=question.question_id,
            question=question.whole_text,
            answers=tuple(each.representative for each in answers),
            reference=question.answer,
            seed=int.from_bytes(digest[:6], "big"),
        )


def _both_orders(request: JudgeRequest) -> tuple[JudgeRequest, JudgeRequest]:
    return request, replace(request, reverse=True)


def _decided(compared: _Compared) -> _Compared:
    """With a score where no judge is needed: equal answers tie; one that must not be shown to a judge loses, two such tie."""
    if len(duplicate_classes([AnswerView(_FIRST, compared.first), AnswerView(_SECOND, compared.second)])) == 1:
        return replace(compared, score=0.5, reason="equal answers")
    reasons = {_FIRST: rejection(compared.first), _SECOND: rejection(compared.second)}
    known = [f"{side}: {why}" for side, why in reasons.items() if why is not None]
    if not known:
        return compared
    score = 0.5 if len(known) == 2 else float(reasons[_FIRST] is None)
    return replace(compared, score=score, reason="; ".join(known))


def _row(compared: _Compared, verdicts: Sequence[Verdict]) -> JudgedPair:
    scores = [_score(each) for each in verdicts]
    known = [each for each in scores if each is not None]
    failed = {
        each.reason or "an answer is missing" for each, score in zip(verdicts, scores, strict=True) if score is None
    }
    return JudgedPair(
        question_id=compared.question.question_id,
        problem=compared.question.problem,
        score=sum(known) / len(known) if known else compared.score,
        in_order=scores[0] if scores else None,
        reversed_order=scores[1] if scores else None,
        length=len(compared.first),
        against_length=len(compared.second),
        reason=compared.reason or "; ".join(sorted(failed)) or None,
    )


def _score(verdict: Verdict) -> float | None:
    """1 where the first reply is preferred, 0.5 for a tie; None without a verdict on both."""
    ranks = {answer_id: rank for rank, group in enumerate(verdict.groups) for answer_id in group}
    if verdict.status != "ok" or not {_FIRST, _SECOND} <= ranks.keys():
        return None
    return 0.5 if ranks[_FIRST] == ranks[_SECOND] else float(ranks[_FIRST] < ranks[_SECOND])


def figures(facts: Mapping[str, object]) -> dict[str, object]:
    """What a round's entry of ``summary.json`` holds of one comparison, from the facts of its stage."""
    kept = {name: value for name, value in facts.items() if name not in _OF_THE_STAGE}
    return {**kept, "judge_cost": known_cost(facts)}
