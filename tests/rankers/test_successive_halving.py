import pytest
from ranker_states import ids, in_order, rounds, started

from thoughtrank.judging.protocol import Verdict
from thoughtrank.rankers.successive_halving import SuccessiveHalving


def shown(plan):
    return set().union(*(ids(request) for request in plan))


def test_each_round_keeps_the_better_half_until_one_group_is_left():
    ranker = SuccessiveHalving(group_size=4, finals=2)
    plans, state = rounds(ranker, started(ranker, 16))
    assert [len(shown(plan)) for plan in plans] == [16, 8, 4]
    assert [len(plan) for plan in plans] == [4, 2, 2]
    assert "a00" in shown(plans[-1])
    assert ranker.result(state).groups[0] == ("a00",)


@pytest.mark.parametrize("count", [2, 4, 5, 16, 62])
def test_the_cost_is_known_in_advance(count):
    ranker = SuccessiveHalving(group_size=4, finals=2)
    plans, _ = rounds(ranker, started(ranker, count))
    work = ranker.max_work(count)
    assert sum(len(plan) for plan in plans) == work.calls
    assert sum(len(request.answers) for plan in plans for request in plan) == work.answers_shown


def test_an_answer_that_no_call_ranked_is_dropped():
    ranker = SuccessiveHalving(group_size=4, finals=1)

    def judge(request):
        return Verdict("malformed", reason="prose") if "a00" in ids(request) else in_order(request)

    plans, state = rounds(ranker, started(ranker, 8), judge)
    lost = ids(next(request for request in plans[0] if "a00" in ids(request)))
    assert set(ranker.result(state).unranked) == lost
    assert not lost & shown(plans[-1])


def test_settings_are_checked():
    assert SuccessiveHalving().faults() == []
    group_size, finals = SuccessiveHalving(group_size=2, finals=0).faults()
    assert "group_size is 2" in group_size
    assert "finals is 0" in finals
