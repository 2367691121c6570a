from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.looks import AnswerView, Verdict
from thoughtrank.rankers.listwise_groups import ListwiseGroups


def views(count):
    return [AnswerView(f"a{index}", f"text {index}") for index in range(count)]


def started(count, *, group_size=8, exact=False, seed=1, answers=None):
    ranker = ListwiseGroups(group_size=group_size)
    state = ranker.start(
        question_id="q", question="?", answers=answers or views(count), reference=None, seed=seed, exact=exact
    )
    return ranker, state


def in_order(request):
    """An honest verdict: by the number in the id."""
    ids = sorted((answer.answer_id for answer in request.answers), key=lambda each: int(each[1:]))
    return Verdict("ok", groups=tuple((each,) for each in ids))


def ids_of(result):
    return sorted([*(each for group in result.groups for each in group), *result.unranked])


@given(st.integers(0, 70), st.integers(3, 12), st.integers())
def test_groups_are_balanced_and_never_of_one(count, group_size, seed):
    ranker, state = started(count, group_size=group_size, seed=seed)
    plan = ranker.plan(state)
    if count < 2:
        assert plan == []
        assert ranker.result(state).groups == ((("a0",),) if count else ())
        return
    sizes = [len(request.answers) for request in plan]
    assert 2 <= min(sizes) <= max(sizes) <= group_size
    assert max(sizes) - min(sizes) <= 1
    shown = [answer.answer_id for request in plan for answer in request.answers]
    assert sorted(shown) == sorted(answer.answer_id for answer in views(count))
    assert len({request.seed for request in plan}) == len(plan)


def test_the_groups_do_not_depend_on_the_order_of_the_answers():
    ranker, state = started(20)
    other = started(20, answers=views(20)[::-1])[1]
    assert ranker.plan(state) == ranker.plan(other)
    assert ranker.plan(state) != ranker.plan(started(20, seed=2)[1])


@given(st.integers(2, 40), st.randoms())
def test_an_exact_judge_takes_one_look_and_its_order_stands(count, random):
    answers = random.sample(views(count), count)
    ranker, state = started(count, exact=True, answers=answers)
    (request,) = ranker.plan(state)
    verdict = FakeJudge().judge(request)
    result = ranker.result(ranker.update(state, [(request, verdict)]))
    assert [set(group) for group in result.groups] == [set(group) for group in verdict.groups]
    assert result.unranked == {}


def test_scores_are_shares_and_equal_shares_tie_across_groups_of_different_sizes():
    ranker, state = started(5, group_size=3)
    judged = []
    for request in ranker.plan(state):
        ids = [answer.answer_id for answer in request.answers]
        # three: first, then a tie of two (1, 1/4, 1/4); two: a tie (1/2, 1/2)
        groups = ((ids[0],), tuple(ids[1:])) if len(ids) == 3 else (tuple(ids),)
        judged.append((request, Verdict("ok", groups=groups)))
    result = ranker.result(ranker.update(state, judged))
    three, two = sorted((request for request, _ in judged), key=lambda request: -len(request.answers))
    first, *rest = (answer.answer_id for answer in three.answers)
    assert [set(group) for group in result.groups] == [{first}, {each.answer_id for each in two.answers}, set(rest)]


def test_thirds_tie_exactly():
    ranker, state = started(14, group_size=7)
    result = ranker.result(ranker.update(state, [(request, in_order(request)) for request in ranker.plan(state)]))
    assert [len(group) for group in result.groups] == [2] * 7
    assert Fraction(1, 3) != 0.3333333333333333  # why scores are fractions


def test_a_failed_look_is_planned_once_more_with_another_shuffle_then_its_answers_are_unranked():
    ranker, state = started(16)
    first, second = ranker.plan(state)
    state = ranker.update(state, [(first, in_order(first)), (second, Verdict("malformed", reason="prose"))])
    assert set(ranker.result(state).unranked.values()) == {"not judged yet"}
    (again,) = ranker.plan(state)
    assert again.seed != second.seed
    assert again.answers != second.answers
    assert set(again.answers) == set(second.answers)
    lost = ranker.update(state, [(again, Verdict("refused", reason="no"))])
    assert ranker.plan(lost) == []
    assert ranker.result(lost).unranked == {answer.answer_id: "refused: no" for answer in second.answers}
    saved = ranker.update(state, [(again, in_order(again))])
    assert ranker.plan(saved) == []
    assert ranker.result(saved).unranked == {}


def test_an_answer_the_judge_left_out_is_unranked_not_last():
    ranker, state = started(5)
    (request,) = ranker.plan(state)
    verdict = Verdict("ok", groups=(("a3",), ("a1",), ("a0", "a2")))
    result = ranker.result(ranker.update(state, [(request, verdict)]))
    assert result.groups == (("a3",), ("a1",), ("a0", "a2"))
    assert result.unranked == {"a4": "not in the judge's ranking"}


@pytest.mark.parametrize("groups", [(), (("a0",),), (("a0", "a1"), ("a0",)), (("a0",), ("b9",))])
def test_a_verdict_that_orders_nothing_or_something_else_is_a_failed_look(groups):
    ranker, state = started(3)
    for _ in range(2):
        (request,) = ranker.plan(state)
        state = ranker.update(state, [(request, Verdict("ok", groups=groups))])
    assert ranker.plan(state) == []
    result = ranker.result(state)
    assert result.groups == ()
    assert set(result.unranked) == {"a0", "a1", "a2"}


@given(st.integers(2, 30), st.integers(3, 8), st.data())
def test_any_subset_of_failed_looks_only_makes_answers_unranked(count, group_size, data):
    """The ranked answers stand as if the others had not been there; no failure makes a low rank."""
    ranker, honest = started(count, group_size=group_size)
    _, state = started(count, group_size=group_size)
    failures = {}
    while plan := ranker.plan(state):
        judged = []
        for request in plan:
            failed = data.draw(st.booleans())
            failures[frozenset(answer.answer_id for answer in request.answers)] = failed
            judged.append((request, Verdict("malformed", reason="prose") if failed else in_order(request)))
        state = ranker.update(state, judged)
        assert ids_of(ranker.result(state)) == sorted(answer.answer_id for answer in views(count))
    while plan := ranker.plan(honest):
        honest = ranker.update(honest, [(request, in_order(request)) for request in plan])
    result = ranker.result(state)
    lost = {each for ids, failed in failures.items() if failed for each in ids}
    assert set(result.unranked) == lost
    kept = [tuple(each for each in group if each not in lost) for group in ranker.result(honest).groups]
    assert result.groups == tuple(group for group in kept if group)


def test_group_size_is_checked():
    with pytest.raises(UserError, match="group_size is 2"):
        ListwiseGroups(group_size=2)
    assert ListwiseGroups(group_size=5).identity() == {"ranker": "listwise_groups", "group_size": 5}
