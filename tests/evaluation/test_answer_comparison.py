import random

import pytest
from choice_wordings import LETTER_WORDINGS, TEXT_WORDINGS, YES_NO_WORDINGS
from earlier_number_rules import is_right as earlier_is_right
from hypothesis import example, given
from hypothesis import strategies as st
from right_replies import RIGHT
from wrong_replies import WRONG

from thoughtrank.evaluation import math_equality
from thoughtrank.evaluation.answer_comparison import is_right


@pytest.mark.parametrize(("reply", "reference"), RIGHT)
def test_right(reply, reference):
    assert is_right(reply, reference)


@pytest.mark.parametrize(("reply", "reference"), WRONG)
def test_wrong(reply, reference):
    assert not is_right(reply, reference)


@pytest.mark.parametrize("wording", LETTER_WORDINGS)
def test_a_letter_in_any_wording(wording):
    for letter in "ABCD":
        for reference in (letter, f"({letter})", f"\\boxed{{{letter}}}"):
            assert is_right(wording.format(letter), reference)
        assert not any(is_right(wording.format(letter), other) for other in "ABCD" if other != letter)


@pytest.mark.parametrize("wording", YES_NO_WORDINGS)
def test_yes_and_no_in_any_wording(wording):
    for answer, other in (("yes", "no"), ("no", "yes"), ("true", "false"), ("False", "True")):
        assert is_right(wording.format(answer), answer)
        assert not is_right(wording.format(other), answer)


def test_true_is_yes():
    assert is_right("True", "yes")
    assert is_right("The statement is not true.", "no")


@pytest.mark.parametrize("wording", TEXT_WORDINGS)
def test_a_short_text_in_any_wording(wording):
    for answer in ("Paris", "New York", "the Louvre"):
        assert is_right(wording.format(answer), answer)
        assert not is_right(wording.format("Rome"), answer)


def test_a_free_text_is_right_word_for_word():
    text = "It was the best of times. It was the worst of times, they say."
    assert is_right(f"The answer is {text}", text)
    assert is_right(text.upper(), text)
    assert not is_right(text + " And more.", text)


WORDS = st.sampled_from(
    "so the total is apples left each costs he has then we add for and or because since of in a day per $ km".split()  # noqa: SIM905
)
NUMBERS = st.integers(0, 400).map(str) | st.sampled_from(["1,200", "2.50", "-3", "1/2", "$7", "50%"])
CALCULATIONS = st.builds(
    "{} {} {} = {}".format, NUMBERS, st.sampled_from("+-*/x"), NUMBERS, st.integers(0, 400).map(str)
)
SENTENCES = st.lists(WORDS | NUMBERS | CALCULATIONS, min_size=1, max_size=8).map(" ".join)
CONCLUSIONS = st.builds(
    lambda form, number, unit: form.format(number) + unit,
    st.sampled_from(["The answer is {}", "Answer: {}", "The answer is ${}", "#### {}", "\\boxed{{{}}}", "She has {}"]),
    NUMBERS | CALCULATIONS,
    st.sampled_from(["", ".", " apples.", " apples each day.", ", because of that.", " (in total).", "\n\nDone!"]),
)


@given(st.lists(SENTENCES, max_size=3).map(". ".join), CONCLUSIONS, st.integers(0, 400))
@example("", "The answer is 12", 12)
def test_replies_to_word_problems_score_as_before(reasoning, conclusion, other):
    reply = f"{reasoning}\n{conclusion}"
    numbers = [word.strip("$%.,") for word in conclusion.split() if word.strip("$%.,").isdigit()]
    for reference in [str(other), *numbers]:
        assert is_right(reply, reference) == earlier_is_right(reply, reference)


def test_plain_numbers_never_start_the_comparing_process(monkeypatch):
    def fail(*_):
        raise AssertionError("started")

    monkeypatch.setattr(math_equality.MathWorker, "compare", fail)
    chance = random.Random(0)
    for _ in range(300):
        number = chance.randrange(1000)
        is_right(f"First {number} + 3 = {number + 3}.\nThe answer is {number + 3} apples.", str(number))
        is_right(f"\\boxed{{{number}}}", str(number))
        is_right(chance.choice("ABCD"), "B")
