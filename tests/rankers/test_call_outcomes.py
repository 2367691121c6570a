import pytest
from ranker_states import fresh, ids, in_order, views

from thoughtrank.judging.protocol import Verdict
from thoughtrank.rankers.call_outcomes import RETRIES, with_verdicts
from thoughtrank.rankers.comparisons import with_calls


def judged(comparisons, judge):
    """The comparisons after one verdict on every open call."""
    return with_verdicts(comparisons, [(request, judge(request)) for request in comparisons.requests()])


def failing(status, reason="no"):
    return lambda request: Verdict(status, reason=reason)


def test_a_ranking_becomes_an_order_with_what_it_leaves_out():
    comparisons = with_calls(fresh(4), [views(4)])
    (request,) = comparisons.requests()
    verdict = Verdict("ok", groups=(("a03",), ("a00", "a01")), shown=("a00", "a01", "a02", "a03"))
    (order,) = with_verdicts(comparisons, [(request, verdict)]).orders
    assert (order.groups, order.missing, order.shown) == (verdict.groups, ("a02",), verdict.shown)


def test_calls_without_a_verdict_stay_open():
    comparisons = with_calls(fresh(6), [views(6)[:3], views(6)[3:]])
    first, second = comparisons.requests()
    after = with_verdicts(comparisons, [(first, in_order(first))])
    assert after.requests() == [second]
    assert len(after.orders) == 1


@pytest.mark.parametrize("status", ["malformed", "error"])
def test_a_failed_call_is_retried_in_another_shuffle_and_then_dropped(status):
    comparisons = with_calls(fresh(4), [views(4)])
    first = comparisons.requests()[0]
    for _ in range(RETRIES):
        comparisons = judged(comparisons, failing(status))
        (retry,) = comparisons.requests()
        assert ids(retry) == ids(first)
        assert retry.seed != first.seed
    comparisons = judged(comparisons, failing(status))
    assert comparisons.requests() == []
    assert set(comparisons.failures) == ids(first)
    assert set(comparisons.failures.values()) == {f"{status}: no"}


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_a_refused_answer_is_isolated(count):
    def squeamish(request):
        return Verdict("refused", reason="not that") if "a01" in ids(request) else in_order(request)

    comparisons = with_calls(fresh(count), [views(count)])
    while comparisons.requests():
        comparisons = judged(comparisons, squeamish)
    expected = {"a01"} if count > 2 else {"a00", "a01"}
    assert set(comparisons.set_aside) == expected
    assert set(comparisons.set_aside.values()) == {"judge_refused: not that"}


def test_a_refused_question_is_not_split_further():
    comparisons = with_calls(fresh(12), [views(12)[:6], views(12)[6:]])
    after = judged(comparisons, failing("refused"))
    assert after.requests() == []
    assert len(after.set_aside) == 12


def test_a_group_that_is_too_long_is_halved():
    after = judged(with_calls(fresh(8), [views(8)]), failing("too_long"))
    assert [len(request.answers) for request in after.requests()] == [4, 4]


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict("ok", groups=(("a00",),)),
        Verdict("ok", groups=(("a00",), ("a00", "a01"))),
        Verdict("ok", groups=(("a00",), ("elsewhere",))),
        Verdict("ok", scores=(("a00", 5.0),)),
    ],
)
def test_a_verdict_that_is_no_ranking_of_the_answers_is_a_failure(verdict):
    after = judged(with_calls(fresh(3), [views(3)]), lambda request: verdict)
    assert after.orders == ()
    assert len(after.requests()) == 1


@pytest.mark.parametrize(
    ("scores", "accepted"), [((("a00", 7.0),), True), ((("a00", 11.0),), False), ((("a01", 7.0),), False), ((), False)]
)
def test_a_grade_must_be_of_the_answer_and_on_the_scale(scores, accepted):
    comparisons = with_calls(fresh(2), [views(2)[:1]], mode="score")
    after = judged(comparisons, lambda request: Verdict("ok", scores=scores))
    assert after.scores == (scores if accepted else ())
    assert bool(after.requests()) != accepted


def test_a_shown_order_of_other_answers_is_ignored():
    after = judged(
        with_calls(fresh(2), [views(2)]), lambda request: Verdict("ok", groups=(("a00",), ("a01",)), shown=("a00",))
    )
    assert after.orders[0].shown == ()
