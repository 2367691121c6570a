from thoughtrank.evaluation.arms.protocol import Forced
from thoughtrank.evaluation.arms.room_to_reason import RoomToReason
from thoughtrank.records import Question


def test_an_empty_thought_is_forced_without_a_stem():
    arm = RoomToReason()
    assert arm.forced([Question("b", "Why?")], thoughts={"b": "because"}, num_tokens=len) == {"b": Forced("")}
    assert arm.applies("none")
    assert not arm.forces_answer
