"""Base class of the rankers: how the ranking of a question starts, and which of its calls are open."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from thoughtrank.instantiate import Component
from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.rankers.comparisons import Comparisons, no_comparisons


class RankerState(Protocol):
    """The state of one question, a frozen dataclass."""

    @property
    def comparisons(self) -> Comparisons:
        """Its calls and their verdicts."""


RankerStateT = TypeVar("RankerStateT", bound=RankerState)


class ComparisonRanker(Component, Generic[RankerStateT]):
    """Keeps its calls in ``Comparisons``. An exact judge gets all answers in one call; a single answer needs none.

    A subclass defines the initial state and the first round, and ``update``, ``result`` and ``max_work`` of ``Ranker``.
    """

    @abstractmethod
    def initial_state(self, comparisons: Comparisons, *, context_tokens: int | None) -> RankerStateT:
        """The state before the first round.

        Args:
            comparisons: of the question; without calls, unless the judge is exact.
            context_tokens: most tokens of one call, prompt and reply; None for no limit.
        """

    @abstractmethod
    def with_first_round(self, state: RankerStateT) -> RankerStateT:
        """The initial state with the calls of the first round; there are two or more answers, and the judge is not exact."""

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
    ) -> RankerStateT:
        """See ``Ranker``."""
        comparisons = no_comparisons(
            question_id=question_id, question=question, answers=answers, reference=reference, seed=seed, exact=exact
        )
        state = self.initial_state(comparisons, context_tokens=context_tokens)
        return state if exact or len(answers) < 2 else self.with_first_round(state)

    def plan(self, state: RankerStateT) -> list[JudgeRequest]:
        """The calls without a verdict: a new round, or the retries of the last one."""
        return state.comparisons.requests()


def too_small(least: int, **settings: int) -> list[str]:
    """One sentence for each setting of a ranker that is less than ``least``."""
    return [
        f"ranker.{name} is {value}: it must be at least {least}" for name, value in settings.items() if value < least
    ]
