from collections import Counter

import pytest

from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.report.openings import entropy, openings


def reply(arm, *, text="7", thought=None):
    return HeldOutReply(
        question_id="q",
        family=None,
        unseen=False,
        arm=arm,
        reply=text,
        answer="7",
        right=True,
        thought_well_formed=True,
        reply_tokens=1,
        reply_finish="stop",
        thought=thought,
    )


def test_the_entropy_is_that_of_equally_frequent_beginnings():
    assert entropy(Counter({"a": 5})) == 0
    assert entropy(Counter("abcd")) == pytest.approx(2.0)
    assert entropy(Counter()) == 0
    assert 0 < entropy(Counter("aaab")) < 1


def test_the_thoughts_of_the_models_own_arm_are_counted_by_their_first_character_and_word():
    own = ["12 * 3 = 36", " 12 + 4 = 16", "1 more", "Each has 2"]
    replies = [reply("own_thought", thought=thought) for thought in own] + [
        reply("thought", text="<thought>Z</thought>")
    ]
    found = openings([*replies, reply("swapped_thought", thought="Z"), reply("own_thought", thought=" ")])
    assert found["n"] == 4
    assert found["character_entropy"] == entropy(Counter({"1": 3, "E": 1}))
    assert found["word_entropy"] == entropy(Counter({"12": 2, "1": 1, "Each": 1}))
    assert found["words"] == {"12": 0.5, "1": 0.25, "Each": 0.25}


def test_without_that_arm_the_thoughts_that_replies_open_with_are_counted():
    replies = [reply("thought", text=text) for text in ("<thought>So 3", "<thought>So 4</thought>4", "No thought: 5")]
    assert openings(replies)["words"] == {"So": 1.0}


def test_only_the_most_frequent_words_are_named_in_a_fixed_order():
    found = openings([reply("own_thought", thought=f"{word} ...") for word in "gfedcbaa"])
    assert list(found["words"]) == ["a", "b", "c", "d", "e"]


def test_a_model_without_thoughts_has_no_openings():
    assert openings([reply("thought")]) == {}
    assert openings([]) == {}
