import pytest

from thoughtrank.evaluation.arms.best_of_n import majority, samples_for


@pytest.mark.parametrize(
    ("answers", "index"),
    [
        (["3", "4", "4"], 1),
        (["3", "4"], 0),
        ([None, None, "5"], 2),
        (["3", "4", "4.0", "3"], 0),
        (["Paris", "Rome", "paris "], 0),
        ([None], None),
        ([], None),
    ],
)
def test_the_most_frequent_answer_wins_and_the_first_of_equals(answers, index):
    assert majority(answers) == index


@pytest.mark.parametrize(
    ("thought_tokens", "answer_tokens", "samples"), [(45.0, 5.0, 9), (45.0, 7.0, 6), (3.0, 12.0, 1), (4.0, 0.0, 4)]
)
def test_so_many_answers_cost_no_more_than_a_thought(thought_tokens, answer_tokens, samples):
    assert samples_for(thought_tokens=thought_tokens, answer_tokens=answer_tokens) == samples
