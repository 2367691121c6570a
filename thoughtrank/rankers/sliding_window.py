"""A window that slides from the back of the list to its front, as in RankGPT (arXiv 2304.09542)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict
from thoughtrank.rankers.comparisons import Evidence, begin, shuffled, take, with_looks
from thoughtrank.rankers.plackett_luce import fit
from thoughtrank.rankers.posterior import posterior_result
from thoughtrank.rankers.protocol import RankResult, Work


@dataclass(frozen=True, slots=True)
class SlidingState:
    """All that is known about one question.

    Attributes:
        evidence: looks and what they said.
        order: answer ids as they stand now, best first; shuffled at the start.
        end: where the window that is being looked at ends.
        passes: begun so far.
        orders_before: rankings that had come back before this window.
    """

    evidence: Evidence
    order: tuple[str, ...] = ()
    end: int = 0
    passes: int = 0
    orders_before: int = 0


class SlidingWindow:
    """Sorts ``window`` answers per look, from the back to the front in steps of ``step``, so that good ones rise.

    Every look waits for the one before it. Unlike the published code it begins with a shuffle, an unreadable reply is asked for
    once more and then leaves the window as it was, and answers that a reply leaves out come behind those it names.

    Args:
        window: answers per look.
        step: by how many answers the window moves.
        passes: how often the whole list is gone through.

    Raises:
        UserError: a setting is out of its range.
    """

    def __init__(self, *, window: int = 20, step: int = 10, passes: int = 1) -> None:
        if not 1 <= step < window:
            raise UserError(
                f"ranker.step is {step} and ranker.window {window}: choose 1 <= step < window, so that windows overlap"
            )
        if passes < 1:
            raise UserError(f"ranker.passes is {passes}: it must be at least 1")
        self.window = window
        self.step = step
        self.passes = passes

    def identity(self) -> dict[str, object]:
        """Every setting."""
        return {"ranker": "sliding_window", "version": 3, **vars(self)}

    def most_work(self, answers: int) -> Work:
        """Every window of every pass."""
        beyond = max(0, answers - self.window)
        looks = self.passes * (1 + -(-beyond // self.step))
        return Work(looks=looks, shown=looks * min(answers, self.window))

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
    ) -> SlidingState:
        """The window at the back; a single answer needs no look, an exact judge takes one. The judge's context is not used: a
        window that does not fit is split when the judge says so."""
        evidence = begin(
            question_id=question_id, question=question, answers=answers, reference=reference, seed=seed, exact=exact
        )
        order = tuple(answer.answer_id for answer in shuffled(evidence, evidence.ids, salt="sliding"))
        state = SlidingState(evidence=evidence, order=order, end=len(order), passes=1)
        if len(answers) < 2:
            return state
        if exact:
            return replace(state, evidence=with_looks(evidence, [evidence.asked.answers]))
        return self._look(state)

    def plan(self, state: SlidingState) -> list[JudgeRequest]:
        """The look at the window, or what is left of it."""
        return state.evidence.requests()

    def update(self, state: SlidingState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> SlidingState:
        """Sort the window and move it."""
        state = replace(state, evidence=take(state.evidence, judged))
        if state.evidence.exact or state.evidence.open:
            return state
        state = self._sorted(state)
        moved = self._moved(state)
        return state if moved is None else self._look(moved)

    def result(self, state: SlidingState) -> RankResult:
        """As the answers stand; those that no look placed are unranked."""
        evidence = state.evidence
        if evidence.exact or len(state.order) < 2:
            return posterior_result(evidence, None)
        unranked = evidence.unranked()
        ranked = [each for each in state.order if each not in unranked]
        return RankResult(
            groups=tuple((each,) for each in ranked),
            unranked=unranked,
            scores={each: -float(place) for place, each in enumerate(ranked)},
        )

    def _moved(self, state: SlidingState) -> SlidingState | None:
        """The next window, or None behind the last one."""
        if state.end > self.window:
            return replace(state, end=max(state.end - self.step, min(self.window, len(state.order))))
        if state.passes < self.passes:
            return replace(state, end=len(state.order), passes=state.passes + 1)
        return None

    def _look(self, state: SlidingState) -> SlidingState:
        ids = self._window_ids(state)
        if len([each for each in ids if each not in state.evidence.set_aside]) < 2:
            moved = self._moved(state)
            return state if moved is None else self._look(moved)
        evidence = with_looks(state.evidence, [shuffled(state.evidence, ids, salt="window")])
        return replace(state, evidence=evidence, orders_before=len(evidence.orders))

    def _window_ids(self, state: SlidingState) -> tuple[str, ...]:
        return state.order[max(0, state.end - self.window) : state.end]

    def _sorted(self, state: SlidingState) -> SlidingState:
        """The window in the order of its look; of its parts, by a fit, where the look was split."""
        ids = self._window_ids(state)
        index = {each: place for place, each in enumerate(ids)}
        orders = [
            [[index[each] for each in group if each in index] for group in order.tie_groups()]
            for order in state.evidence.orders[state.orders_before :]
        ]
        strength = fit(len(ids), orders).mean
        best_first = sorted(ids, key=lambda each: (-round(float(strength[index[each]]), 6), index[each]))
        start = max(0, state.end - self.window)
        return replace(state, order=(*state.order[:start], *best_first, *state.order[state.end :]))
