from dataclasses import replace

import pytest

from thoughtrank.judging.audit import AuditTotals, is_ranking
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict

TEXTS = {"a": "x" * 10, "b": "x" * 20, "c": "x" * 40, "d": "x" * 80}


def call(shown, groups, *, seed=0, status="ok"):
    request = JudgeRequest("q", "?", tuple(AnswerView(each, TEXTS[each]) for each in "abcd"), None, seed)
    verdict = Verdict(status, groups=tuple(tuple(group) for group in groups), shown=tuple(shown))
    return request, verdict


def audit(calls, swapped=(), judge_family="gpt", model_family="llama"):
    totals = AuditTotals()
    for request, verdict in calls:
        totals.add(request, verdict)
    before = {replace(request, reverse=True): verdict for request, verdict in calls}
    for request, verdict in swapped:
        totals.add_swapped(before[request], verdict)
    return totals.figures(judge_family=judge_family, model_family=model_family)


def test_a_judge_that_follows_positions_is_seen():
    calls = [call(order, list(order), seed=seed) for seed, order in enumerate(("abcd", "bcda", "dcba"))]
    found = audit(calls)
    assert found.first_position_share == 1.0
    assert found.first_position_expected == 0.25
    swapped = [
        (replace(request, reverse=True), replace(verdict, groups=verdict.groups[::-1])) for request, verdict in calls
    ]
    found = audit(calls, swapped)
    assert (found.swap_consistency, found.swap_pairs) == (0.0, 18)


def test_a_judge_that_reads_agrees_with_itself():
    calls = [call("dcba", "abcd")]
    swapped = [(replace(calls[0][0], reverse=True), calls[0][1])]
    found = audit(calls, swapped)
    assert (found.swap_consistency, found.swap_pairs, found.first_position_share) == (1.0, 6, 0.0)


def test_pairs_that_tie_once_are_not_compared():
    calls = [call("abcd", ["ab", "cd"])]
    swapped = [(replace(calls[0][0], reverse=True), Verdict("ok", groups=(("a", "b", "c"), ("d",))))]
    assert audit(calls, swapped).swap_pairs == 2
    swapped = [(replace(calls[0][0], reverse=True), Verdict("malformed"))]
    assert audit(calls, swapped).swap_consistency is None


def test_a_tie_for_first_counts_as_a_fraction():
    assert audit([call("abcd", ["abcd"])]).first_position_share == 0.25
    assert audit([call("abcd", ["bcd", "a"])]).first_position_share == 0.0


@pytest.mark.parametrize(("order", "slope"), [("dcba", 1 / 3), ("abcd", -1 / 3)])
def test_the_slope_of_length_is_the_share_of_the_order_per_doubling(order, slope):
    assert audit([call("abcd", list(order))]).length_slope == pytest.approx(slope, abs=0.03)


def test_equal_lengths_have_no_slope():
    answers = (AnswerView("a", "xx"), AnswerView("b", "yy"))
    request = JudgeRequest("q", "?", answers, None, 0)
    assert audit([(request, Verdict("ok", groups=(("a",), ("b",)), shown=("a", "b")))]).length_slope is None


def test_what_is_no_verdict_is_counted():
    statuses = ["ok", "malformed", "refused", "too_long", "error", "ok", "ok", "malformed"]
    found = audit([call("abcd", "abcd" if status == "ok" else "", status=status) for status in statuses])
    assert (found.looks, found.malformed_share, found.refused_share, found.failed_share) == (8, 0.25, 0.125, 0.25)


def test_families_are_compared():
    assert audit([], model_family="gpt").same_family
    assert not audit([], model_family=None, judge_family=None).same_family


def test_nothing_to_measure_is_not_a_zero():
    found = audit([])
    assert found.looks == 0
    assert found.malformed_share is found.first_position_share is found.length_slope is found.swap_consistency is None
    assert found.line() == "0 judge calls"


def test_the_line_has_all_figures():
    calls = [call("abcd", "abcd")]
    line = audit(calls, [(replace(calls[0][0], reverse=True), calls[0][1])], model_family="gpt").line()
    for said in (
        "1 judge calls",
        "100.0 % of 6 pairs",
        "unbiased: 25.0 %",
        "per doubling",
        "malformed 0.0 %",
        "one family",
    ):
        assert said in line


def test_only_an_order_of_two_answers_or_more_is_a_ranking():
    assert is_ranking(Verdict("ok", groups=(("a", "b"),)))
    assert not is_ranking(Verdict("ok", groups=(("a",),)))
    assert not is_ranking(Verdict("malformed"))
