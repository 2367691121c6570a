import pytest
from ranker_states import ids, rounds, started

from thoughtrank.rankers.listwise import Listwise
from thoughtrank.rankers.protocol import Work


@pytest.mark.parametrize("permutations", [1, 3])
def test_each_call_has_all_answers_in_another_shuffle(permutations):
    ranker = Listwise(num_permutations=permutations)
    plans, state = rounds(ranker, started(ranker, 20))
    assert [len(plan) for plan in plans] == [permutations]
    assert all(len(ids(request)) == 20 for request in plans[0])
    assert len({request.seed for request in plans[0]}) == permutations
    assert ranker.result(state).groups == tuple((f"a{index:02}",) for index in range(20))
    assert ranker.max_work(20) == Work(calls=permutations, answers_shown=20 * permutations)


def test_a_small_context_splits_the_list():
    ranker = Listwise()
    plan = ranker.plan(started(ranker, 20, text="x" * 4000, context_tokens=8000))
    assert len(plan) > 1
    assert sum(len(request.answers) for request in plan) == 20


def test_settings_are_checked():
    assert Listwise().faults() == []
    assert Listwise(num_permutations=0).faults() == ["ranker.num_permutations is 0: it must be at least 1"]
