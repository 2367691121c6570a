from thoughtrank.evaluation.arms.protocol import Forced
from thoughtrank.evaluation.arms.thought import Thought
from thoughtrank.records import Question


def test_nothing_is_forced_and_every_question_is_asked():
    questions = [Question("a", "1 + 1?", "2"), Question("b", "Why?")]
    assert Thought().forced(questions, thoughts={}, num_tokens=len) == {"a": Forced(None), "b": Forced(None)}
    assert all(Thought().applies(kind) for kind in ("number", "letter", "short_text", "free_text", "none"))
    assert not Thought().forces_answer
