import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.protocol import AnswerView, Verdict
from thoughtrank.rankers.listwise_groups import ListwiseGroups


def views(count):
    return [AnswerView(f"a{index}", f"text {index}") for index in range(count)]


def started(count, *, group_size=8, looks=1, seed=1):
    ranker = ListwiseGroups(group_size=group_size, looks=looks)
    state = ranker.start(question_id="q", question="?", answers=views(count), reference=None, seed=seed, exact=False)
    return ranker, state


def in_order(request):
    """An honest verdict: by the number in the id."""
    ids = sorted((answer.answer_id for answer in request.answers), key=lambda each: int(each[1:]))
    return Verdict("ok", groups=tuple((each,) for each in ids))


@given(st.integers(2, 70), st.integers(3, 12), st.integers(1, 3), st.integers())
def test_every_answer_is_in_as_many_groups_and_none_is_alone(count, group_size, looks, seed):
    ranker, state = started(count, group_size=group_size, looks=looks, seed=seed)
    plan = ranker.plan(state)
    sizes = [len(request.answers) for request in plan]
    assert 2 <= min(sizes) <= max(sizes) <= group_size
    assert max(sizes) - min(sizes) <= 1
    shown = sorted(answer.answer_id for request in plan for answer in request.answers)
    assert shown == sorted(looks * [answer.answer_id for answer in views(count)])
    assert len({request.seed for request in plan}) == len(plan)


def test_honest_calls_give_the_true_order():
    ranker, state = started(8, group_size=8)
    state = ranker.update(state, [(request, in_order(request)) for request in ranker.plan(state)])
    assert ranker.result(state).groups == tuple((f"a{index}",) for index in range(8))


def test_ties_stay_ties():
    ranker, state = started(4)
    (request,) = ranker.plan(state)
    verdict = Verdict("ok", groups=(("a3",), ("a0", "a2"), ("a1",)))
    assert ranker.result(ranker.update(state, [(request, verdict)])).groups == verdict.groups


def test_a_failed_call_is_retried_in_another_shuffle_then_its_answers_are_unranked():
    ranker, state = started(16)
    first, second = ranker.plan(state)
    state = ranker.update(state, [(first, in_order(first)), (second, Verdict("malformed", reason="prose"))])
    assert set(ranker.result(state).unranked.values()) == {"not judged yet"}
    (again,) = ranker.plan(state)
    assert again.seed != second.seed
    assert set(again.answers) == set(second.answers)
    lost = ranker.update(state, [(again, Verdict("malformed", reason="prose"))])
    assert ranker.plan(lost) == []
    assert ranker.result(lost).unranked == {answer.answer_id: "malformed: prose" for answer in second.answers}
    saved = ranker.update(state, [(again, in_order(again))])
    assert ranker.plan(saved) == []
    assert ranker.result(saved).unranked == {}


def test_an_answer_the_judge_left_out_is_unranked_not_last():
    ranker, state = started(5)
    (request,) = ranker.plan(state)
    result = ranker.result(ranker.update(state, [(request, Verdict("ok", groups=(("a3",), ("a1",), ("a0", "a2"))))]))
    assert result.groups == (("a3",), ("a1",), ("a0", "a2"))
    assert result.unranked == {"a4": "not in the judge's ranking"}


@pytest.mark.parametrize("groups", [(), (("a0",),), (("a0", "a1"), ("a0",)), (("a0",), ("b9",))])
def test_a_verdict_that_orders_nothing_or_something_else_is_a_failed_call(groups):
    ranker, state = started(3)
    for _ in range(2):
        (request,) = ranker.plan(state)
        state = ranker.update(state, [(request, Verdict("ok", groups=groups))])
    assert ranker.plan(state) == []
    result = ranker.result(state)
    assert result.groups == ()
    assert set(result.unranked) == {"a0", "a1", "a2"}


@given(st.integers(2, 30), st.integers(3, 8), st.data())
def test_any_subset_of_failed_calls_only_makes_answers_unranked(count, group_size, data):
    """The ranked answers stand as if the others had not been there; no failure makes a low rank."""
    ranker, honest = started(count, group_size=group_size)
    _, state = started(count, group_size=group_size)
    lost = set()
    while plan := ranker.plan(state):
        judged = []
        for request in plan:
            ids = {answer.answer_id for answer in request.answers}
            failed = data.draw(st.booleans())
            lost = lost | ids if failed else lost - ids
            judged.append((request, Verdict("malformed", reason="prose") if failed else in_order(request)))
        state = ranker.update(state, judged)
    while plan := ranker.plan(honest):
        honest = ranker.update(honest, [(request, in_order(request)) for request in plan])
    result = ranker.result(state)
    assert set(result.unranked) == lost
    kept = [tuple(each for each in group if each not in lost) for group in ranker.result(honest).groups]
    assert result.groups == tuple(group for group in kept if group)


def test_settings_are_checked():
    assert ListwiseGroups().faults() == []
    group_size, looks = ListwiseGroups(group_size=2, looks=0).faults()
    assert "group_size is 2" in group_size
    assert "looks is 0" in looks
