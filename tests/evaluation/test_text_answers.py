import pytest

from thoughtrank.evaluation.text_answers import is_same_text, stated_letters, stated_truth, states_option


@pytest.mark.parametrize(
    ("reply", "letters"),
    [
        ("A is wrong. I choose B.", {"B"}),
        ("Option A fits. No: option C is correct.", {"C"}),
        ("The answer is B or C.", {"B", "C"}),
        ("A) one\nB) two\nC) three", set()),
        ("A) one\nB) two\n\nB", {"B"}),
        (r"The answer is A. \boxed{D}", {"D"}),
        ("A good question.", set()),
        ("The answer is not B", set()),
        ("", set()),
    ],
)
def test_the_letters_that_a_reply_states(reply, letters):
    assert stated_letters(reply) == letters


@pytest.mark.parametrize(
    ("reply", "truth"),
    [
        ("Yes, it is.", True),
        ("It is not true.", False),
        ("Not false.", True),
        ("No doubt about that.", None),
        ("Yes and no.", None),
        ("Yes.\nSo: no.", None),
        ("Let me see.\nThe answer is no, because it rains.", False),
        ("Maybe", None),
    ],
)
def test_yes_no_or_neither(reply, truth):
    assert stated_truth(reply) is truth


def test_the_text_of_an_option_counts_only_without_a_letter():
    assert states_option("The answer is Paris.", "Paris")
    assert not states_option("The answer is (A) Paris.", "Paris")
    assert not states_option("The answer is Rome.", "Paris")
    assert not states_option("", "")


@pytest.mark.parametrize(
    ("claim", "is_same"),
    [
        ("the Paris", True),
        ("PARIS, because it is", True),
        ("Paris (France)", True),
        ("Paris or Rome", False),
        ("Paris, Rome", False),
        ("Parisian", False),
        ("not Paris", False),
        ("", False),
    ],
)
def test_the_same_text(claim, is_same):
    assert is_same_text(claim, "Paris") is is_same
