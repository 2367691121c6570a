from thoughtrank.evaluation.arms.own_thought import OwnThought
from thoughtrank.evaluation.arms.protocol import Forced
from thoughtrank.records import Question


def test_the_thought_of_the_question_itself_is_forced():
    questions = [Question("a", "1 + 1?", "2"), Question("b", "1 + 2?", "3")]
    forced = OwnThought().forced(questions, thoughts={"a": "one and one", "b": "one and two"}, num_tokens=len)
    assert forced == {"a": Forced("one and one"), "b": Forced("one and two")}
    assert OwnThought().forces_answer
    assert not OwnThought().applies("free_text")
