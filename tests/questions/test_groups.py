from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.questions.groups import question_groups
from thoughtrank.records import Question


@given(st.integers(0, 300), st.integers(1, 70))
def test_groups_keep_the_order_stay_within_the_limit_and_differ_by_at_most_one(count, at_most):
    questions = [Question(question_id=str(number), text="?") for number in range(count)]
    groups = question_groups(questions, at_most=at_most)
    assert [question for group in groups for question in group] == questions
    sizes = [len(group) for group in groups]
    assert len(groups) == -(-count // at_most), "no more groups than needed"
    assert all(0 < size <= at_most for size in sizes)
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_a_small_last_group_is_spread_over_the_others():
    questions = [Question(question_id=str(number), text="?") for number in range(260)]
    assert [len(group) for group in question_groups(questions, at_most=128)] == [86, 87, 87]
