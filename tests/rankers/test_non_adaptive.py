import pytest
from ranker_states import in_order, rounds, started

from thoughtrank.judging.protocol import Verdict
from thoughtrank.rankers.comparisons import with_calls
from thoughtrank.rankers.non_adaptive import NonAdaptiveRanker
from thoughtrank.rankers.protocol import Work


class FirstTwo(NonAdaptiveRanker):
    """One call about the first two answers."""

    def max_work(self, answers):
        return Work(calls=1, answers_shown=2)

    def planned(self, state):
        return with_calls(state.comparisons, [state.comparisons.all_answers.answers[:2]])


def test_a_subclass_only_plans_its_calls():
    plans, state = rounds(FirstTwo(), started(FirstTwo(), 3))
    assert [len(plan) for plan in plans] == [1]
    result = FirstTwo().result(state)
    assert result.groups == (("a00",), ("a01",))
    assert result.unranked == {"a02": "not judged yet"}
    assert FirstTwo().identity() == {"component": "FirstTwo", "version": 1}


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_planned_where_there_is_nothing_to_compare(count):
    assert FirstTwo().plan(started(FirstTwo(), count)) == []


def test_an_exact_judge_gets_one_call_and_its_ties_stand():
    plans, state = rounds(
        FirstTwo(), started(FirstTwo(), 3, exact=True), lambda request: Verdict("ok", groups=(("a02",), ("a00", "a01")))
    )
    assert [len(request.answers) for plan in plans for request in plan] == [3]
    result = FirstTwo().result(state)
    assert result.groups == (("a02",), ("a00", "a01"))
    assert result.scores == {}


def test_a_failed_call_makes_a_second_round():
    verdicts = iter([Verdict("malformed"), None])
    plans, state = rounds(FirstTwo(), started(FirstTwo(), 3), lambda request: next(verdicts) or in_order(request))
    assert len(plans) == 2
    assert FirstTwo().result(state).groups == (("a00",), ("a01",))
