from dataclasses import dataclass, replace

import pytest
from ranker_states import started

from thoughtrank.rankers.comparison_ranker import ComparisonRanker, too_small
from thoughtrank.rankers.comparisons import Comparisons, with_calls


@dataclass(frozen=True)
class State:
    comparisons: Comparisons
    context_tokens: int | None
    rounds: int = 0


class Pair(ComparisonRanker[State]):
    """One call about the first two answers."""

    def initial_state(self, comparisons, *, context_tokens):
        return State(comparisons, context_tokens)

    def with_first_round(self, state):
        pair = state.comparisons.all_answers.answers[:2]
        return replace(state, comparisons=with_calls(state.comparisons, [pair]), rounds=1)


def test_the_first_round_is_planned_at_the_start_and_its_calls_are_open():
    state = started(Pair(), 3, context_tokens=1000)
    assert (state.rounds, state.context_tokens) == (1, 1000)
    [request] = Pair().plan(state)
    assert [answer.answer_id for answer in request.answers] == ["a00", "a01"]


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_answers_there_is_no_round(count):
    state = started(Pair(), count)
    assert state.rounds == 0
    assert Pair().plan(state) == []


def test_an_exact_judge_gets_one_call_about_all_answers_and_no_round():
    state = started(Pair(), 3, exact=True)
    assert state.rounds == 0
    [request] = Pair().plan(state)
    assert len(request.answers) == 3


def test_every_setting_that_is_too_small_is_named():
    assert too_small(2, looks=2, passes=3) == []
    assert too_small(2, looks=1, passes=0) == [
        "ranker.looks is 1: it must be at least 2",
        "ranker.passes is 0: it must be at least 2",
    ]
