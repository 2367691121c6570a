"""What a ranker is: a pure state machine that plans looks at the answers of one question and reads an order from them.

A ranker does no input or output, so the same code runs against a paid judge, a resumed log and a simulation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict

StateT = TypeVar("StateT")
"""A ranker's own frozen dataclass: all it knows about one question."""


@dataclass(frozen=True, slots=True)
class RankResult:
    """The order of the answers of one question. Each answer is in ``groups`` or in ``unranked``, exactly once.

    Attributes:
        groups: answer ids, best first; those in one group share a rank.
        unranked: answer id to the reason why nothing is known about it. Unranked is not last: it is unknown.
        scores: what the order is by, of each ranked answer; larger is better. Its scale is the ranker's own; empty under an
            exact judge.
        score_sds: how uncertain each score is, where the ranker has a posterior: its standard deviation.
        p_top: probability of each ranked answer to be the best, where the ranker has a posterior.
        expected_regret: by how much the best answer is expected to beat the first one, in standard deviations of quality; None
            without a posterior.
        flags: answer id to what is suspicious about its looks; its rank allows for that.
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
    """What ranking one question takes at most: ``looks``, and ``shown`` answers in all of them together."""

    looks: int
    shown: int


class Ranker(Protocol[StateT]):
    """Ranks one question by rounds: ``plan``, have the looks taken, ``update``, until ``plan`` is empty."""

    def identity(self) -> dict[str, object]:
        """Everything that decides which looks it plans and how it reads them, ready for JSON."""

    def most_work(self, answers: int) -> Work:
        """What a question with so many different answers, two or more, takes at most; looks that fail come on top."""

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
            answers: different texts, none empty; may be no answer at all.
            reference: the known right answer, or None.
            seed: decides every shuffle.
            exact: the judge compares any number of answers at once without error.
            context_tokens: most tokens of one look, prompt and reply; None is no limit.
        """

    def plan(self, state: StateT) -> list[JudgeRequest]:
        """The looks of the next round, all different; empty when the ranking is done."""

    def update(self, state: StateT, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> StateT:
        """The state after a round, from the planned looks with their verdicts."""

    def result(self, state: StateT) -> RankResult:
        """The order so far; valid after every round."""
