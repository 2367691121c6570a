"""A window that slides from the end of the list to its start, as in RankGPT (arXiv 2304.09542)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from thoughtrank.judging.protocol import JudgeRequest, Verdict
from thoughtrank.rankers.call_outcomes import with_verdicts
from thoughtrank.rankers.comparison_ranker import ComparisonRanker, too_small
from thoughtrank.rankers.comparisons import Comparisons, shuffled, with_calls
from thoughtrank.rankers.plackett_luce import fit
from thoughtrank.rankers.posterior import posterior_result
from thoughtrank.rankers.protocol import RankResult, Work


@dataclass(frozen=True, slots=True)
class SlidingState:
    """The state of one question.

    Attributes:
        comparisons: calls and their verdicts.
        order: answer ids in their current order, best first; shuffled at the start.
        end: where the current window ends.
        passes: started so far.
        orders_before: rankings that had been received before this window.
    """

    comparisons: Comparisons
    order: tuple[str, ...] = ()
    end: int = 0
    passes: int = 0
    orders_before: int = 0


class SlidingWindow(ComparisonRanker[SlidingState]):
    """Sorts ``window`` answers per call, from the end to the start in steps of ``step``, so that good ones rise.

    Every call waits for the one before it. Unlike the published code it starts with a shuffle, an unreadable reply is retried
    once and then leaves the window as it was, and answers that a reply leaves out come after those it names. Answers that the
    judge has refused are not shown again, and come last in their window.

    Args:
        window: answers per call.
        step: by how many answers the window moves.
        passes: over the whole list.
    """

    version: ClassVar[int] = 4

    def __init__(self, *, window: int = 20, step: int = 10, passes: int = 1) -> None:
        self.window = window
        self.step = step
        self.passes = passes

    def faults(self) -> list[str]:
        """Windows that do not overlap, or no pass."""
        faults = []
        if not 1 <= self.step < self.window:
            faults.append(
                f"ranker.step is {self.step} and ranker.window {self.window}: choose 1 <= step < window, so that windows "
                "overlap"
            )
        return faults + too_small(1, passes=self.passes)

    def max_work(self, answers: int) -> Work:
        """Every window of every pass."""
        beyond = max(0, answers - self.window)
        calls = self.passes * (1 + -(-beyond // self.step))
        return Work(calls=calls, answers_shown=calls * min(answers, self.window))

    def initial_state(self, comparisons: Comparisons, *, context_tokens: int | None) -> SlidingState:
        """All answers, shuffled.

        ``context_tokens`` is not used: a window that does not fit is split when the judge reports it.
        """
        order = tuple(answer.answer_id for answer in shuffled(comparisons, comparisons.ids, salt="sliding"))
        return SlidingState(comparisons=comparisons, order=order, end=len(order), passes=1)

    def with_first_round(self, state: SlidingState) -> SlidingState:
        """The last window."""
        return self._with_window_call(state)

    def update(self, state: SlidingState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> SlidingState:
        """Sort the window and move it."""
        state = replace(state, comparisons=with_verdicts(state.comparisons, judged))
        if state.comparisons.exact or state.comparisons.open:
            return state
        state = self._sorted(state)
        moved = self._moved(state)
        return state if moved is None else self._with_window_call(moved)

    def result(self, state: SlidingState) -> RankResult:
        """The current order; answers that no call ranked are unranked."""
        comparisons = state.comparisons
        if comparisons.exact or len(state.order) < 2:
            return posterior_result(comparisons, None)
        unranked = comparisons.unranked()
        ranked = [each for each in state.order if each not in unranked]
        return RankResult(
            groups=tuple((each,) for each in ranked),
            unranked=unranked,
            scores={each: -float(position) for position, each in enumerate(ranked)},
        )

    def _moved(self, state: SlidingState) -> SlidingState | None:
        """The next window, or None after the last one."""
        if state.end > self.window:
            return replace(state, end=max(state.end - self.step, min(self.window, len(state.order))))
        if state.passes < self.passes:
            return replace(state, end=len(state.order), passes=state.passes + 1)
        return None

    def _with_window_call(self, state: SlidingState) -> SlidingState:
        ids = [each for each in self._window_ids(state) if each not in state.comparisons.set_aside]
        if len(ids) < 2:
            moved = self._moved(state)
            return state if moved is None else self._with_window_call(moved)
        comparisons = with_calls(state.comparisons, [shuffled(state.comparisons, ids, salt="window")])
        return replace(state, comparisons=comparisons, orders_before=len(comparisons.orders))

    def _window_ids(self, state: SlidingState) -> tuple[str, ...]:
        return state.order[max(0, state.end - self.window) : state.end]

    def _sorted(self, state: SlidingState) -> SlidingState:
        """The window in the order of its call; where the call was split, by a fit to the parts."""
        ids = self._window_ids(state)
        index = {each: position for position, each in enumerate(ids)}
        orders = [
            [[index[each] for each in group if each in index] for group in order.tie_groups()]
            for order in state.comparisons.orders[state.orders_before :]
        ]
        strength = fit(len(ids), orders).mean
        set_aside = state.comparisons.set_aside
        best_first = sorted(
            ids, key=lambda each: (each in set_aside, -round(float(strength[index[each]]), 6), index[each])
        )
        start = max(0, state.end - self.window)
        return replace(state, order=(*state.order[:start], *best_first, *state.order[state.end :]))
