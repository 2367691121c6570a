from thoughtrank.evaluation.arms.answer_at_once import AnswerAtOnce
from thoughtrank.evaluation.arms.protocol import Forced
from thoughtrank.records import Question


def test_an_empty_thought_is_forced_with_the_stem_where_the_reference_is_short():
    arm = AnswerAtOnce()
    assert arm.forced([Question("a", "1 + 1?", "2")], thoughts={}, num_tokens=len) == {"a": Forced("")}
    assert arm.forces_answer
    kinds = ("number", "letter", "short_text", "free_text", "none")
    assert [kind for kind in kinds if arm.applies(kind)] == ["number", "letter", "short_text"]
