from dataclasses import replace

import pytest
from ranker_states import fresh, ids, views

from thoughtrank.rankers.comparisons import NOT_LISTED, NOT_YET, Order, no_comparisons, shuffled, with_calls


def test_the_answers_are_sorted_whatever_order_they_came_in():
    forth, back = (
        no_comparisons(question_id="q", question="?", answers=each, reference=None, seed=1, exact=False)
        for each in (views(5), views(5)[::-1])
    )
    assert forth == back
    assert forth.ids == ["a00", "a01", "a02", "a03", "a04"]


@pytest.mark.parametrize(("count", "calls"), [(0, 0), (1, 0), (2, 1), (9, 1)])
def test_an_exact_judge_gets_one_call_with_all_answers_if_there_are_several(count, calls):
    assert len(fresh(count, exact=True).open) == calls
    assert fresh(count).open == ()


def test_a_shuffle_depends_on_salt_and_seed_only():
    comparisons = fresh(12)
    first = shuffled(comparisons, comparisons.ids, salt="x")
    assert first == shuffled(comparisons, comparisons.ids[::-1], salt="x")
    assert sorted(first, key=lambda each: each.answer_id) == views(12)
    assert first != shuffled(comparisons, comparisons.ids, salt="y")
    assert first != shuffled(fresh(12, seed=2), comparisons.ids, salt="x")


def test_every_call_has_a_seed_of_its_own_and_is_counted():
    answers = views(4)
    comparisons = with_calls(with_calls(fresh(4), [answers, answers]), [answers[:2]])
    assert len({call.request.seed for call in comparisons.open}) == 3
    assert comparisons.planned == 3
    alone = with_calls(fresh(4), [answers])
    assert comparisons.tokens > 2 * alone.tokens > 0


def test_both_orders_are_one_call_and_its_reverse():
    first, second = with_calls(fresh(2), [views(2)], both_orders=True).requests()
    assert second == replace(first, reverse=True)


def test_an_order_puts_missing_answers_last_in_one_group():
    assert Order(groups=(("a",), ("b",)), missing=("c", "d")).tie_groups() == (("a",), ("b",), ("c", "d"))
    assert Order(groups=(("a",),)).tie_groups() == (("a",),)


def test_the_reason_of_an_unranked_answer():
    comparisons = replace(
        with_calls(fresh(6), [views(6)[4:]]),
        orders=(Order(groups=(("a00",), ("a01",)), missing=("a02", "a04")),),
        failures={"a03": "malformed: prose", "a04": "malformed: prose"},
        set_aside={"a01": "judge_refused"},
    )
    assert comparisons.unranked() == {
        "a01": "judge_refused",
        "a02": NOT_LISTED,
        "a03": "malformed: prose",
        # A call about it is still open, so its failures do not count yet.
        "a04": NOT_LISTED,
        "a05": NOT_YET,
    }
    assert comparisons.listed == {"a00", "a01"}
    assert "a01" not in comparisons.ids
    assert ids(comparisons.requests()[0]) == {"a04", "a05"}
