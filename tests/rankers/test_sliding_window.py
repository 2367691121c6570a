from itertools import pairwise

import pytest
from ranker_states import ids, in_order, rounds, started

from thoughtrank.judging.protocol import Verdict
from thoughtrank.rankers.sliding_window import SlidingWindow


@pytest.mark.parametrize(("count", "passes", "calls"), [(4, 1, 1), (10, 1, 4), (10, 2, 8), (5, 1, 2)])
def test_one_call_per_round_and_as_many_as_windows_fit(count, passes, calls):
    ranker = SlidingWindow(window=4, step=2, passes=passes)
    plans, _ = rounds(ranker, started(ranker, count))
    assert [len(plan) for plan in plans] == [1] * calls
    assert ranker.max_work(count).calls == calls


def test_windows_overlap_by_the_better_ones():
    ranker = SlidingWindow(window=4, step=2)
    plans, _ = rounds(ranker, started(ranker, 8))
    for (before,), (after,) in pairwise(plans):
        assert ids(before) & ids(after) == set(sorted(ids(before))[:2])


def test_the_best_answer_rises_to_the_top_in_one_pass_and_more_passes_sort_further():
    for seed in range(5):
        ranker = SlidingWindow(window=4, step=2)
        _, state = rounds(ranker, started(ranker, 12, seed=seed))
        assert [group[0] for group in ranker.result(state).groups][:2] == ["a00", "a01"]
    thorough = SlidingWindow(window=4, step=2, passes=6)
    _, state = rounds(thorough, started(thorough, 12))
    assert [group[0] for group in thorough.result(state).groups] == [f"a{index:02}" for index in range(12)]


def test_an_unreadable_window_keeps_its_order_and_the_next_one_follows():
    ranker = SlidingWindow(window=4, step=2)
    state = started(ranker, 6)
    before = state.order
    for _ in range(2):
        (request,) = ranker.plan(state)
        state = ranker.update(state, [(request, Verdict("malformed"))])
    assert state.order == before
    (request,) = ranker.plan(state)
    assert ids(request) == set(before[:4])


def test_answers_that_a_reply_leaves_out_come_after_those_it_names():
    ranker = SlidingWindow(window=4, step=2)
    state = started(ranker, 4)
    (request,) = ranker.plan(state)
    named = in_order(request).groups[1:]
    state = ranker.update(state, [(request, Verdict("ok", groups=named))])
    assert state.order[-1] == "a00"
    assert ranker.result(state).unranked == {"a00": "not in the judge's ranking"}


@pytest.mark.parametrize("refused", range(8))
def test_a_refused_answer_is_not_shown_again_and_the_others_are_sorted_without_it(refused):
    def judge(request):
        return Verdict("refused", reason="no") if f"a{refused:02}" in ids(request) else in_order(request)

    ranker = SlidingWindow(window=4, step=2, passes=6)
    state = started(ranker, 8)
    while plan := ranker.plan(state):
        assert not state.comparisons.set_aside.keys() & set.union(*map(ids, plan))
        state = ranker.update(state, [(request, judge(request)) for request in plan])
    result = ranker.result(state)
    assert [each for [each] in result.groups] == [f"a{index:02}" for index in range(8) if index != refused]
    assert result.unranked == {f"a{refused:02}": "judge_refused: no"}


def test_a_refused_answer_comes_last_in_its_window():
    ranker = SlidingWindow(window=4, step=2)
    state = started(ranker, 6)
    first = state.order[2:]
    while ids(ranker.plan(state)[0]) <= set(first):
        judged = [
            (request, Verdict("refused", reason="no") if first[0] in ids(request) else in_order(request))
            for request in ranker.plan(state)
        ]
        state = ranker.update(state, judged)
    assert state.order[-1] == first[0]
    assert ids(ranker.plan(state)[0]) == set(state.order[:4])


def test_settings_are_checked():
    assert SlidingWindow().faults() == []
    step, passes = SlidingWindow(window=4, step=4, passes=0).faults()
    assert "1 <= step < window" in step
    assert "passes is 0" in passes
