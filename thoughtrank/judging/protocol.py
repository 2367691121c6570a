"""One look of a judge: what it is shown, what it says, and what a judge is.

There is no thought anywhere in these types, on purpose. The judge ranks answers without seeing the thoughts that led to
them, or the training would reward thoughts that please a reader instead of thoughts that make good answers. A thought
cannot leak into a request that has no field for it.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from thoughtrank.errors import UserError

Mode = Literal["rank", "score"]
"""``rank``: put all the answers of the request in order; two answers make a pair comparison. ``score``: grade the one
answer of the request by itself."""

Status = Literal["ok", "malformed", "refused", "too_long", "error"]
"""``ok``: a ranking, or a grade. ``malformed``: a reply without one. ``refused``: the judge would not answer.
``too_long``: more text than the judge can read. ``error``: the look could not be taken at all."""


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
    """One look to take: some answers to one question, to be put in order, or one answer to be graded.

    Attributes:
        question_id: the question's id, for the log; not shown to the judge.
        question: the question's text.
        answers: at least one, with different ids.
        reference: the known right answer, or None where nobody knows it.
        seed: decides the order and labels in which the answers are shown; another seed makes it another look.
        mode: what is asked for; ``score`` takes exactly one answer.
        reverse: show the answers in the opposite of the order that the seed decides; another look, for audits.
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
    """What looks cost: ``prompt_tokens`` and ``completion_tokens`` as the server counts them, ``cost`` in US dollars.

    ``cost`` is 0 where the price is unknown; ``Judge.price`` tells that apart from a judge that is free.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost=self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said about one request.

    Attributes:
        status: only ``ok`` carries a ranking or a grade.
        groups: tie-groups of answer ids, best first. An answer in none of them was not compared: neither good nor bad.
        reason: why there is no ranking and no grade; None where there is one.
        usage: what the look cost.
        model: the model that answered, as the server names it.
        prompt_hash: sha256 of the prompt text that was sent.
        reply: the judge's reply, word for word.
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


class Judge(Protocol):
    """Takes one look at a time and knows nothing of rounds or tournaments. ``judge`` may be called from many threads.

    Attributes:
        exact: it compares any number of answers at once without error, so one look at all of them is enough.
        concurrency: how many looks may run at the same time.
        needs_reference: it can judge only questions with a reference answer.
        context_tokens: most tokens of one look, prompt and reply together; None where that is no limit.
    """

    exact: bool
    concurrency: int
    needs_reference: bool
    context_tokens: int | None

    def identity(self) -> dict[str, object]:
        """Everything that decides its verdicts, ready for JSON, without any secret."""

    def faults(self) -> list[str]:
        """What stops it from working, one sentence each; cheap, and asks nothing over the network."""

    def family(self) -> str | None:
        """The family of the judging model ("gpt"), or None where no model judges."""

    def price(self) -> tuple[float, float] | None:
        """US dollars per million prompt and completion tokens, or None where nobody stated it."""

    def judge(self, request: JudgeRequest) -> Verdict:
        """Put the answers of one request in order, or grade its only answer; see ``JudgeRequest.mode``.

        Raises:
            UserError: no look can succeed before the user acts; the looks taken so far stay valid.
        """


class AttemptFailed(Exception):
    """An attempt at a look brought no reply; a later one may.

    Args:
        judge: which one, with its address, for messages.
        what: what happened.
        retry_after: seconds the server asked to wait, or None.
        maybe_charged: the server may have done, and charged for, work whose reply was lost on the way.
    """

    def __init__(self, *, judge: str, what: str, retry_after: float | None = None, maybe_charged: bool = False) -> None:
        super().__init__(what)
        self.judge = judge
        self.what = what
        self.retry_after = retry_after
        self.maybe_charged = maybe_charged


class JudgeUnavailable(UserError):
    """The judge does not answer. The run stops, because going on would leave every answer unranked."""

    def __init__(self, *, judge: str, what: str) -> None:
        super().__init__(
            f"{judge} is not available: {what}. Everything judged so far is kept; the same command goes on from there."
        )


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How often and how dearly a remote judge may be called; None is no limit.

    Attributes:
        budget: US dollars per run.
        requests_per_minute: attempts per minute.
        tokens_per_minute: prompt and completion tokens per minute.
        max_retries: attempts per look after the first.
    """

    budget: float | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_retries: int = 0


@runtime_checkable
class RemoteJudge(Judge, Protocol):
    """A judge whose looks are attempts over a network: they can fail, cost money and be limited.

    Its ``judge`` makes one attempt and raises ``AttemptFailed`` where another may succeed.

    Attributes:
        limits: how it may be called.
        audit_share: share of its rankings to take once more in reverse order.
    """

    limits: CallLimits
    audit_share: float

    def upper_bound(self, request: JudgeRequest) -> Usage:
        """What one attempt can take at most, in tokens and in US dollars."""
