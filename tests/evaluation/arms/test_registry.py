from typing import get_args

import pytest

from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.arms.registry import ARMS, arm_faults, arms_of_round


def test_every_name_has_an_arm():
    assert set(ARMS) == set(get_args(ArmName))
    assert all(name == arm.name for name, arm in ARMS.items())
    assert arm_faults(list(ARMS)) == []


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["answer_at_once"], "has to contain thought"),
        (["thought", "thought"], "twice"),
        (["thought", "swapped_thought"], "swapped_thought is made from own_thought"),
        (["thought", "best_of_n"], "best_of_n is made from answer_at_once"),
    ],
)
def test_a_list_that_cannot_be_asked_is_a_fault(names, fault):
    [found] = arm_faults(names)
    assert fault in found


def test_the_expensive_arm_is_for_the_first_and_the_last_round():
    asked = {number: arms_of_round(list(ARMS), number=number, rounds=3) for number in range(4)}
    assert asked[0] == asked[3] == tuple(ARMS)
    assert asked[1] == asked[2] == tuple(name for name in ARMS if name != "best_of_n")
    assert arms_of_round(["room_to_reason", "thought"], number=1, rounds=3) == ("thought", "room_to_reason")
