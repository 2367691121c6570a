from itertools import combinations

from ranker_states import ids, rounds, started

from thoughtrank.rankers.protocol import Work
from thoughtrank.rankers.round_robin import RoundRobin


def test_every_pair_is_compared_once():
    ranker = RoundRobin()
    plans, state = rounds(ranker, started(ranker, 6))
    pairs = [tuple(sorted(ids(request))) for request in plans[0]]
    assert sorted(pairs) == list(combinations([f"a0{index}" for index in range(6)], 2))
    assert len(plans) == 1
    assert ranker.result(state).groups == tuple((f"a0{index}",) for index in range(6))
    assert ranker.max_work(6) == Work(calls=15, answers_shown=30)


def test_both_orders_double_the_calls_with_the_same_seeds():
    ranker = RoundRobin(both_orders=True)
    plan = ranker.plan(started(ranker, 4))
    assert len(plan) == ranker.max_work(4).calls == 12
    assert [request.reverse for request in plan] == [False, True] * 6
    assert all(one.seed == other.seed for one, other in zip(plan[::2], plan[1::2], strict=True))
