import pytest

from thoughtrank.report.arm_accuracy import arm_accuracy

ARMS = {
    "thought": {"n": 400, "accuracy": 0.5},
    "edited_thought": {"n": 391, "accuracy": 0.08056},
    "room_to_reason": {"n": 400, "accuracy": None},
}


@pytest.mark.parametrize(
    ("name", "text"),
    [("thought", "50.0 %"), ("edited_thought", "8.1 % of 391"), ("room_to_reason", "–"), ("swapped_thought", "–")],
)
def test_the_number_of_questions_stands_where_it_is_smaller_than_that_of_the_other_arms(name, text):
    assert arm_accuracy(ARMS, name) == text


def test_an_arm_whose_number_of_questions_is_not_stored_has_its_accuracy_alone():
    assert (
        arm_accuracy({"thought": {"accuracy": 0.5}, "own_thought": {"n": 9, "accuracy": 0.25}}, "thought") == "50.0 %"
    )
