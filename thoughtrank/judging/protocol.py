"""The judge protocol: a request with answers goes in, a verdict comes out.

These types have no field for a thought, on purpose. The judge ranks answers without seeing the thoughts that led to them;
otherwise training would reward thoughts that please a reader instead of thoughts that lead to good answers. A thought cannot
leak into a request that has no field for it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.judging.cost_bound import CostBound
from thoughtrank.output.printable import printable

Mode = Literal["rank", "score"]
"""``rank``: order all answers of the request; two answers make a pairwise comparison. ``score``: grade the only answer of the
request."""

Status = Literal["ok", "malformed", "refused", "too_long", "error"]
"""``ok``: a ranking, or a grade. ``malformed``: a reply without one. ``refused``: the judge refused to answer. ``too_long``:
more text than the judge's context holds. ``error``: the call failed."""

Price = tuple[float, float] | None
"""US dollars per million prompt and completion tokens; None where unknown."""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer as a judge may see it: an id and the text after the thought, never the thought.

    Attributes:
        answer_id: unique among the answers of the question; for the log, never in a prompt.
        text: the answer.
    """

    answer_id: str
    text: str


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """One judge call: some answers to one question, to be ordered, or one answer to be graded.

    Attributes:
        question_id: the question's id, for the log; not shown to the judge.
        question: the question's text.
        answers: at least one, with different ids.
        reference: the reference answer, or None.
        seed: decides the order and labels in which the answers are shown; another seed makes it another call.
        mode: ``score`` takes exactly one answer.
        reverse: show the answers in reverse of the order that the seed decides; another call, for audits.
    """

    question_id: str
    question: str
    answers: tuple[AnswerView, ...]
    reference: str | None
    seed: int
    mode: Mode = "rank"
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls cost: ``prompt_tokens`` and ``completion_tokens`` as the server counts them, ``cost`` in US dollars.

    ``cost`` is 0 where the price is unknown; ``Judge.price`` distinguishes that from a judge that is free.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    @property
    def is_possible(self) -> bool:
        """Whether the counts are integers of 0 or more, and the cost is a finite amount of 0 or more."""
        counts = (self.prompt_tokens, self.completion_tokens)
        whole = all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts)
        return whole and isinstance(self.cost, int | float) and 0 <= self.cost <= sys.float_info.max

    def at_price(self, price: Price) -> "Usage":
        """The same tokens with their cost; an unknown price costs 0."""
        prompt, completion = price or (0.0, 0.0)
        cost = (self.prompt_tokens * prompt + self.completion_tokens * completion) / 1e6
        return Usage(prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens, cost=cost)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost=self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's verdict on one request.

    Attributes:
        status: only ``ok`` carries a ranking or a grade.
        groups: tie-groups of answer ids, best first. An answer in none of them was not compared: neither good nor bad.
        reason: why there is no ranking and no grade; None where there is one.
        usage: what the call cost.
        model: the model that replied, as the server names it.
        prompt_hash: sha256 of the prompt text that was sent.
        reply: the judge's reply, verbatim.
        shown: answer ids in the order in which the judge saw the answers; empty where there was no order.
        prompt: the prompt that was sent. It is written to the log and not kept in memory, so a verdict from the log has none.
        scores: the grade of the answer of a ``score`` request, from 1 (worst) to 10, with its id; empty for ``rank``.
    """

    status: Status
    groups: tuple[tuple[str, ...], ...] = ()
    reason: str | None = None
    usage: Usage = Usage()
    model: str = ""
    prompt_hash: str = ""
    reply: str = ""
    scores: tuple[tuple[str, float], ...] = ()
    shown: tuple[str, ...] = ()
    prompt: str = ""

    def __post_init__(self) -> None:
        """The reason may quote a server, and is stored in tables, which cannot hold lone surrogates."""
        if self.reason is not None:
            object.__setattr__(self, "reason", printable(self.reason))


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits on the calls of a judge; None for no limit.

    Attributes:
        budget: US dollars per run.
        requests_per_minute: attempts per minute.
        tokens_per_minute: prompt and completion tokens per minute.
        max_retries: attempts per call after the first.
    """

    budget: float | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_retries: int = 0


class Judge(Protocol):
    """Judges one request at a time, independent of rounds and tournaments. ``judge`` may be called from many threads.

    The ``judge`` of a remote judge makes one attempt, and raises ``AttemptFailed`` where another may succeed.

    Attributes:
        version: part of ``identity``; raise it when the same settings give other verdicts.
        operational: constructor arguments that cannot change verdicts.
        exact: it compares any number of answers at once without error, so one call with all of them is enough.
        concurrency: how many calls may run at the same time.
        needs_reference: it can judge only questions with a reference answer.
        context_tokens: most tokens of one call, prompt and reply together; None for no limit.
        limits: of the calls.
        audit_share: fraction of its rankings to repeat in reverse order.
    """

    version: ClassVar[int]
    operational: ClassVar[frozenset[str]]
    exact: bool
    concurrency: int
    needs_reference: bool
    context_tokens: int | None
    limits: CallLimits
    audit_share: float

    @property
    def name(self) -> str:
        """For people: the model's name, or the class."""

    def identity(self) -> dict[str, object]:
        """Everything that decides its verdicts, ready for JSON, without any secret."""

    def faults(self) -> list[str]:
        """What keeps it from working, one sentence each; cheap, without network access."""

    def availability_warning(self) -> str | None:
        """Why it will perhaps not judge, found before a run at no cost; None if nothing is known. May use the network."""

    def family(self) -> str | None:
        """The family of the judging model ("gpt"), or None where no model judges."""

    def price(self) -> Price:
        """Of the model, or None where unknown."""

    def scored_by(self, scorer: Scorer) -> "Judge":
        """This judge with the scorer of the questions, if it compares with reference answers; else itself."""

    def upper_bound(self, request: JudgeRequest) -> Usage:
        """The most that one attempt can take, in tokens and in US dollars."""

    def raised_bounds(self) -> Mapping[str, float]:
        """Factors above 1 on ``upper_bound``, by count, because replies have reported more; empty where none has."""

    def raise_bounds(self, factors: Mapping[str, float]) -> None:
        """Raise ``upper_bound`` to the ``raised_bounds`` of an earlier attempt; lower ones change nothing."""

    def has_worked(self) -> None:
        """Called if a call had a ranking or a grade in an earlier attempt at the run, so that the settings are right."""

    def cost_bound(self, *, calls: int, answers_shown: int, answer_tokens: int) -> CostBound | None:
        """The most that this many calls can take, retries not counted; None where calls are neither sent nor paid for.

        Args:
            calls: without those of the audit, which the bound includes.
            answers_shown: in all calls together.
            answer_tokens: most tokens of one answer.
        """

    def judge(self, request: JudgeRequest) -> Verdict:
        """Order the answers of one request, or grade its only answer; see ``JudgeRequest.mode``.

        Raises:
            AttemptFailed: the attempt brought no reply; another may.
            ReplyUnusable: a reply was delivered, and no call can succeed before the user acts.
            UserError: the request cost nothing, and no call can succeed before the user acts; the verdicts so far stay
                valid.
        """


class AttemptFailed(Exception):
    """An attempt at a call brought no reply; a later one may.

    Args:
        judge: which judge, with its address, for messages.
        what: what happened.
        retry_after: seconds the server asked to wait, or None.
        maybe_charged: the server may have charged for the attempt. False only if it surely did not: the request was never
            sent, or was turned away before any work.
    """

    def __init__(self, *, judge: str, what: str, retry_after: float | None = None, maybe_charged: bool = True) -> None:
        super().__init__(what)
        self.judge = judge
        self.what = what
        self.retry_after = retry_after
        self.maybe_charged = maybe_charged


class ReplyUnusable(UserError):
    """Replies are delivered, and may be charged, but no call can succeed before the user acts."""


class JudgeUnavailable(UserError):
    """The judge is unavailable. The run stops, because continuing would leave every answer unranked.

    Args:
        judge: which judge, with its address.
        what: happened.
        last_calls: calls without a reply at the end of a stage, which may be what the judge fails on; 0 if it is surely down.
    """

    def __init__(self, *, judge: str, what: str, last_calls: int = 0) -> None:
        kept = "All verdicts so far are kept; run the same command again to resume"
        if not last_calls:
            super().__init__(f"{judge} is not available: {what}. {kept}.")
            return
        calls = "the last call" if last_calls == 1 else f"the last {last_calls} calls"
        super().__init__(
            f"{judge} did not reply to {calls} in any attempt: {what}. Either it is not available, or it fails on what it is "
            f"sent there. {kept}: a call that fails again is then logged as an error, and its answers are unranked."
        )
