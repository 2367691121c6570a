import pytest

from thoughtrank.evaluation.judged_comparisons import compared_questions, control_comparisons, judged_comparisons
from thoughtrank.records import Question

ARMS = ("thought", "answer_at_once", "own_thought", "room_to_reason")


def names(number, *, arms=ARMS, rounds=3):
    return [each.name for each in judged_comparisons(arms, number=number, rounds=rounds)]


def test_thought_is_compared_with_round_0_in_every_round_and_the_rest_where_the_run_begins_and_ends():
    assert names(0) == ["thought_vs_room_to_reason"]
    assert names(1) == names(2) == ["thought_vs_round_0"]
    assert names(3) == ["thought_vs_round_0", "room_to_reason_vs_round_0", "thought_vs_room_to_reason"]


def test_only_arms_of_the_evaluation_with_free_replies_are_compared():
    assert names(3, arms=("thought", "own_thought")) == ["thought_vs_round_0"]
    assert names(0, arms=("thought",)) == []


def test_a_control_is_compared_as_a_last_round_in_its_own_arms():
    assert [each.name for each in control_comparisons(ARMS)] == names(3)
    assert [each.name for each in control_comparisons(("thought", "own_thought"))] == ["thought_vs_round_0"]


QUESTIONS = [Question("a", "Why?"), Question("b", "2 + 2?", answer="4"), Question("c", "How?", unseen=True)]


@pytest.mark.parametrize(
    ("which", "needs_reference", "ids"),
    [("auto", False, "a"), ("all", False, "ab"), ("none", False, ""), ("auto", True, ""), ("all", True, "")],
)
def test_questions_without_a_reference_are_compared_by_a_judge_that_can(which, needs_reference, ids):
    compared = compared_questions(QUESTIONS, which, needs_reference=needs_reference)
    assert "".join(each.question_id for each in compared) == ids
