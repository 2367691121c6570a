from dataclasses import replace

import pytest
from ranker_states import fresh

from thoughtrank.rankers.comparisons import Order
from thoughtrank.rankers.posterior import fit_posterior, posterior_result, tie_groups


def compared(count, *orders, **changes):
    """The comparisons after these rankings, each a string of indices such as 201."""
    made = tuple(Order(groups=tuple((f"a0{each}",) for each in order)) for order in orders)
    return replace(fresh(count), orders=made, **changes)


def test_scores_follow_the_rankings_and_more_calls_make_them_surer():
    one, many = fit_posterior(compared(4, "0123")), fit_posterior(compared(4, *["0123"] * 6))
    for posterior in (one, many):
        assert sorted(posterior.scores, key=posterior.scores.get, reverse=True) == ["a00", "a01", "a02", "a03"]
        assert posterior.leader == "a00"
        assert sum(posterior.p_top.values()) == pytest.approx(1)
    assert many.p_top["a00"] > one.p_top["a00"]
    assert many.expected_regret < one.expected_regret
    assert many.p_top_judged > many.p_top["a00"]


def test_only_ranked_answers_have_scores_but_an_unranked_one_may_be_best():
    posterior = fit_posterior(compared(4, "012"))
    assert set(posterior.scores) == {"a00", "a01", "a02"}
    assert posterior.p_top["a03"] > 0
    result = posterior_result(compared(4, "012"), posterior)
    assert set(result.p_top) == set(result.scores)
    assert result.unranked == {"a03": "not judged yet"}


def test_an_answer_that_was_set_aside_is_neither_leader_nor_candidate():
    comparisons = compared(3, "012", set_aside={"a00": "judge_refused"})
    posterior = fit_posterior(comparisons)
    assert posterior.leader == "a01"
    assert "a00" not in posterior.p_top
    assert posterior_result(comparisons, posterior).unranked == {"a00": "judge_refused"}


def test_without_rankings_there_is_no_leader():
    posterior = fit_posterior(compared(3))
    assert posterior.leader is None
    result = posterior_result(compared(3), posterior)
    assert (result.groups, result.expected_regret) == ((), None)


def test_an_earlier_posterior_is_only_a_start():
    comparisons = compared(4, "0123", "0132", "1023")
    start = fit_posterior(compared(4, "3210"))
    again = fit_posterior(comparisons, previous=start)
    for each, score in fit_posterior(comparisons).scores.items():
        assert again.scores[each] == pytest.approx(score, abs=0.02)


def test_without_a_posterior_the_exact_judges_order_is_the_result():
    assert posterior_result(compared(3, "210"), None).groups == (("a02",), ("a01",), ("a00",))
    assert posterior_result(fresh(1), None).groups == (("a00",),)
    assert posterior_result(fresh(0), None).groups == ()


def test_scores_that_differ_by_rounding_tie():
    assert tie_groups({"b": 1.0, "a": 1.0 + 1e-9, "c": 0.5}) == (("a", "b"), ("c",))
    assert tie_groups({}) == ()
