"""The ranker protocol: a pure state machine that plans judge calls about the answers of one question and orders them.

A ranker does no input or output, so the same code runs with a paid judge, a resumed verdict log and a simulation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeVar

from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict

StateT = TypeVar("StateT")
"""A ranker's own frozen dataclass: its state of one question."""


@dataclass(frozen=True, slots=True)
class RankResult:
    """The order of the answers of one question. Each answer is in ``groups`` or in ``unranked``, exactly once.

    Attributes:
        groups: answer ids, best first; those in one group share a rank.
        unranked: answer id to the reason why it has no rank. Unranked does not mean last: its quality is unknown.
        scores: of each ranked answer what it is sorted by, larger is better. The scale depends on the ranker; empty with an
            exact judge.
        score_sds: standard deviation of each score, where the ranker has a posterior.
        p_top: probability of each ranked answer to be the best, where the ranker has a posterior.
        expected_regret: by how much the best answer is expected to beat the first one, in standard deviations of quality; None
            without a posterior.
        flags: answer id to what is suspicious about its verdicts; its rank allows for it.
    """

    groups: tuple[tuple[str, ...], ...] = ()
    unranked: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    score_sds: Mapping[str, float] = field(default_factory=dict)
    p_top: Mapping[str, float] = field(default_factory=dict)
    expected_regret: float | None = None
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """An upper bound for ranking one question: judge ``calls``, and ``answers_shown`` in all of them together."""

    calls: int
    answers_shown: int


class Ranker(Protocol[StateT]):
    """Ranks one question in rounds: ``plan``, have the calls made, ``update``, until ``plan`` is empty.

    Attributes:
        version: part of ``identity``; raise it when the same settings give other results.
        operational: constructor arguments that cannot change results.
    """

    version: ClassVar[int]
    operational: ClassVar[frozenset[str]]

    def identity(self) -> dict[str, object]:
        """Everything that decides which calls it plans and how it reads their verdicts, ready for JSON."""

    def faults(self) -> list[str]:
        """Settings that cannot work, one sentence each."""

    def max_work(self, answers: int) -> Work:
        """The most calls for a question with this many different answers, two or more; retries of failed calls not counted."""

    def start(
        self,
        *,
        question_id: str,
        question: str,
        answers: Sequence[AnswerView],
        reference: str | None,
        seed: int,
        exact: bool,
        context_tokens: int | None = None,
    ) -> StateT:
        """The state before the first round.

        Args:
            question_id: the question's id.
            question: the question's text.
            answers: different texts, none empty; the sequence may be empty.
            reference: the reference answer, or None.
            seed: decides every shuffle.
            exact: the judge compares any number of answers at once without error.
            context_tokens: most tokens of one call, prompt and reply; None for no limit.
        """

    def plan(self, state: StateT) -> list[JudgeRequest]:
        """The calls of the next round, all different; empty when the ranking is done."""

    def update(self, state: StateT, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> StateT:
        """The state after a round, from the planned calls and their verdicts."""

    def result(self, state: StateT) -> RankResult:
        """The order so far; valid after every round."""
