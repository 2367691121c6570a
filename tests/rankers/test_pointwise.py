import pytest
from ranker_states import rounds, started

from thoughtrank.judging.protocol import Verdict
from thoughtrank.rankers.pointwise import Pointwise
from thoughtrank.rankers.protocol import Work


@pytest.mark.parametrize("looks", [1, 2])
def test_every_answer_is_graded_alone(looks):
    ranker = Pointwise(looks=looks)
    plans, state = rounds(ranker, started(ranker, 5))
    assert [len(plan) for plan in plans] == [5 * looks]
    assert all((request.mode, len(request.answers)) == ("score", 1) for request in plans[0])
    result = ranker.result(state)
    assert result.groups == tuple((f"a0{index}",) for index in range(5))
    assert result.scores["a00"] == 10.0
    assert ranker.max_work(5) == Work(calls=5 * looks, answers_shown=5 * looks)


def test_grades_are_averaged_and_equal_means_tie():
    grades = {"a00": iter([4.0, 8.0]), "a01": iter([6.0, 6.0]), "a02": iter([9.0, 1.0])}

    def judge(request):
        (answer,) = request.answers
        return Verdict("ok", scores=((answer.answer_id, next(grades[answer.answer_id])),))

    ranker = Pointwise(looks=2)
    _, state = rounds(ranker, started(ranker, 3), judge)
    result = ranker.result(state)
    assert result.scores == {"a00": 6.0, "a01": 6.0, "a02": 5.0}
    assert result.groups == (("a00", "a01"), ("a02",))


def test_an_answer_without_a_grade_is_unranked():
    def judge(request):
        (answer,) = request.answers
        if answer.answer_id == "a01":
            return Verdict("refused", reason="no")
        return Verdict("ok", scores=((answer.answer_id, 5.0),))

    ranker = Pointwise()
    _, state = rounds(ranker, started(ranker, 3), judge)
    assert ranker.result(state).unranked == {"a01": "judge_refused: no"}
    assert ranker.result(state).groups == (("a00", "a02"),)


def test_settings_are_checked():
    assert Pointwise().faults() == []
    assert Pointwise(looks=0).faults() == ["ranker.looks is 0: it must be at least 1"]
