import re

from thoughtrank.evaluation.arms.filler_thought import FillerThought, fillers
from thoughtrank.records import Question


def words(text):
    return len(text.split())


def test_a_filler_has_as_many_tokens_as_the_thought_and_no_number():
    questions = [Question(name, "2 * 6?", "12") for name in "abc"]
    thoughts = {"a": "2 * 6 = 12", "b": "", "c": "on " * 150}
    forced = FillerThought().forced(questions, thoughts=thoughts, num_tokens=words)
    assert {name: words(each.thought) for name, each in forced.items()} == {"a": 5, "b": 0, "c": 150}
    assert not re.search(r"\d", forced["c"].thought)


def test_a_length_inside_a_word_gives_the_words_before_it():
    assert fillers(7, num_tokens=len) == ["", "", "", "Let", "Let", "Let", "Let me", "Let me"]
    assert fillers(0, num_tokens=len) == [""]
