from itertools import pairwise

import ranker_states
from ranker_states import in_order, rounds

from thoughtrank.judging.protocol import Verdict
from thoughtrank.judging.simulated import SimulatedJudge
from thoughtrank.rankers.adaptive_listwise import AdaptiveListwise


def started(count, *, ranker=None, **settings):
    ranker = ranker or AdaptiveListwise()
    return ranker, ranker_states.started(ranker, count, **settings)


def shown(plan):
    return {answer.answer_id for request in plan for answer in request.answers}


def test_the_focus_narrows_to_answers_that_may_be_best():
    ranker, state = started(40)
    plans, state = rounds(ranker, state, in_order)
    assert [len(plan) for plan in plans[:1]] == [8]
    assert len(shown(plans[0])) == 40
    sizes = [len(shown(plan)) for plan in plans]
    assert all(after <= max(5, -(-before // 2)) + 1 for before, after in pairwise(sizes))
    assert "a00" in shown(plans[-1])
    result = ranker.result(state)
    assert result.groups[0] == ("a00",)
    assert result.p_top["a00"] > 0.5
    # An answer seen in more looks is known better.
    assert result.score_sds["a00"] < max(result.score_sds.values())


def test_it_stops_when_the_leader_is_good_enough():
    clear = AdaptiveListwise(stop_p_top=0.3, leader_looks=1)
    unsure = AdaptiveListwise(stop_p_top=0.999, stop_regret=0.0, max_rounds=6, budget=100)
    assert len(rounds(*started(5, ranker=clear), in_order)[0]) == 1
    assert len(rounds(*started(5, ranker=unsure), in_order)[0]) == 6
    # One call in the first round, then two in each.
    assert len(rounds(*started(5, ranker=AdaptiveListwise(stop_p_top=0.3, leader_looks=5)), in_order)[0]) == 3


def test_the_budget_is_in_calls_about_every_answer():
    ranker = AdaptiveListwise(stop_p_top=0.999, stop_regret=0.0, max_rounds=50, budget=2)
    ranker, state = started(5, ranker=ranker)
    plans, state = rounds(ranker, state, SimulatedJudge(malformed_share=0).judge)
    assert [len(plan) for plan in plans] == [1, 2]


def test_two_answers_are_shown_in_both_orders():
    ranker, state = started(2)
    first, second = ranker.plan(state)
    assert (first.reverse, second.reverse) == (False, True)
    assert first.seed == second.seed
    split = [(first, in_order(first)), (second, Verdict("ok", groups=(("a01",), ("a00",))))]
    state = ranker.update(state, split)
    assert ranker.plan(state) == []
    assert ranker.result(state).groups == (("a00", "a01"),)


def test_an_answer_whose_call_was_lost_may_still_be_best():
    """Nothing is known about it, so the next round shows it again."""
    ranker, state = started(10)
    first, second = ranker.plan(state)
    state = ranker.update(state, [(first, in_order(first)), (second, Verdict("malformed"))])
    (again,) = ranker.plan(state)
    state = ranker.update(state, [(again, Verdict("malformed"))])
    lost = {answer.answer_id for answer in second.answers}
    assert set(ranker.result(state).unranked) == lost
    assert lost & shown(ranker.plan(state))


def test_groups_fit_the_judges_context():
    ranker, state = started(24, text="x" * 2000, context_tokens=3000)
    sizes = [len(request.answers) for request in ranker.plan(state)]
    assert max(sizes) == 4
    assert sum(sizes) == 24


def test_settings_are_checked():
    assert AdaptiveListwise().faults() == []
    assert len(AdaptiveListwise(group_size=2, cover=1.0, max_rounds=0, budget=0).faults()) == 4
