import random

import pytest
from earlier_number_rules import is_right as earlier_is_right
from hypothesis import example, given
from hypothesis import strategies as st

from thoughtrank.evaluation import math_equality
from thoughtrank.evaluation.answer_comparison import is_right

RIGHT = [
    ("The answer is 16.67", "16.666666666666668"),
    ("16.6667", "16.67"),
    ("6.4", "6.400000095367432"),
    ("18", "A: 18"),
    ("9", "9 (apples)"),
    ("18 eggs", "#### 18"),
    ("The answer is 18", "x = 18"),
    ("x=18", "x = 18"),
    ("D", r"\boxed{D}"),
    (r"\boxed{\dfrac{\sqrt3}{3}}", r"\frac{\sqrt{3}}{3}"),
    (r"\boxed{(3,\frac{\pi}{2})}", r"\left( 3, \frac{\pi}{2} \right)"),
    (r"\boxed{90}", r"90^\circ"),
    ("The answer is 90 degrees", "90^\\circ"),
    ("90°", "90^\\circ"),
    ("The answer is 1 000.", "1000"),
    ("The answer is $3\\sqrt{2}$.", "3\\sqrt{2}"),
    ("The answer is 3√2", "3\\sqrt{2}"),
    (r"\boxed{\frac{10}{2}}", "5"),
    (r"\boxed{2^{3}}", "8"),
    (r"\boxed{\sqrt{9}}", "3"),
    ("The answer is 5 km.", "5"),
    ("5 km", "5 km"),
    (r"\boxed{\{1,2\}}", "{2,1}"),
    (r"\boxed{-2 \text{ and } 1}", "-2,1"),
    ("The answer is $-2$ and $1$.", "1,-2"),
    (r"\boxed{x \in [-2,7]}", "[-2,7]"),
    ("y = 2x+3", "y = 2x + 3"),
    ("The answer is 2x + 3.", "2x+3"),
    ("The answer is 3 + 2x", "2x+3"),
    ("So the interval is $[-2, 7]$", "[-2,7]"),
    ("The answer is (3, 4].", "(3,4]"),
    (r"\boxed{864}", r"864 \mbox{ inches}^2"),
    ("The answer is 864 inches^2", r"864 \mbox{ inches}^2"),
    ("15 cm²", r"15\mbox{ cm}^2"),
    ("The answer is \\$18.90", "\\$18.90"),
    ("The answer is $18.90", "18.9"),
    ("The answer is 32,348", "\\$32,\\!348"),
    ("The answer is 50%", "50\\%"),
    ("0.3333", "1/3"),
    ("\\boxed{5\\text{ apples}}", "5"),
    ("\\boxed{\\$5}", "5"),
    ("The answer is 5 apples, which is more than 3", "5"),
    ("the answer is 3, so 4 is wrong", "3"),
    ("The answer is 12 a day", "12"),
    ("The answer is\n\n$$\\boxed{7}$$", "7"),
    ("\\[ x = 7 \\]", "7"),
    ("The answer is \\(7\\).", "7"),
    ("The answer is $x = 7$.", "7"),
    ("Answer: 7.", "7"),
    ("The answer is 7!", "7"),
    ("The answer is (7).", "7"),
    ("The answer is [7].", "7"),
    ("The answer is 7 (seven).", "7"),
    ("The answer is -7", "-7"),
    ("The answer is 2 1/2", "2.5"),
    ("The answer is about 7", "7"),
    ("The answer is $7 per day$", "7"),
    ("The answer is 7, i.e. 7 apples", "7"),
    ("The answer is +7", "7"),
    ("The answer is `7`", "7"),
    ("The answer is 7:\n", "7"),
    ("The answer is 7 - as computed", "7"),
    ("\\fbox{7}", "7"),
    ("The answer is 7/1", "7"),
    ("The answer is 1.5e3", "1500"),
    ("The answer is \\frac12", "0.5"),
    ("H2O", "H2O"),
    ("The answer is 3-5", "3-5"),
    ("3:30 PM", "3:30 PM"),
    ("The answer is C++", "C++"),
    ("The answer is 2024-01-05.", "2024-01-05"),
    ("New  york", "New York"),
    ("A. Lincoln", "A. Lincoln"),
    ("The answer is Paris", "(B) Paris"),
    ("B", "(B) Paris"),
    ("(B) Paris", "(B) Paris"),
    ("The answer is 5 or 6", "5 or 6"),
    ("\\boxed{\\frac{3}{4}}", "0.75"),
    ("\\boxed{p-q}", "p - q"),
    ("\\boxed{q-p}", "-p+q"),
    ("\\boxed{52_{8}}", "52_8"),
    ("52_8", "52_8"),
    ("\\boxed{52}", "52_8"),
    ("\\boxed{even}", "\\text{even}"),
    ("The answer is even.", "\\text{even}"),
    ("\\boxed{C}", "\\text{(C)}"),
]
WRONG = [
    ("The answer is .5", "5"),
    (r"\boxed{.25}", "25"),
    (r"\boxed{3\sqrt{2}}", "3"),
    (r"\boxed{3x+1}", "3"),
    ("The answer is 3π", "3"),
    (r"\boxed{3π}", "3"),
    (r"\boxed{3^{10}}", "3"),
    (r"\boxed{[-2,7]}", "(-2,7)"),
    ("The answer is 1 000.", "1"),
    (r"\boxed{\sqrt{5}}", "5"),
    ("The answer is $\\sqrt{5}$.", "5"),
    ("The answer is (-2,7)", "-2"),
    ("The answer is 12 or 13", "12"),
    ("The answer is 12 or 13", "13"),
    ("The answer is 3:30", "3"),
    ("The answer is B or C", "B"),
    ("The answer is B or C", "C"),
    ("Both A and B", "A"),
    ("The answer is A/B", "A"),
    ("The answer is not B", "B"),
    ("The answer is a good question", "A"),
    ("Option B is wrong", "B"),
    ("A) x\nB) y\nC) z\nD) w", "D"),
    ("B is incorrect", "B"),
    ("yes or no", "yes"),
    ("Yes and no", "no"),
    ("The statement is not true.", "true"),
    ("No, that is false", "yes"),
    ("Paris or Rome", "Paris"),
    ("Paris, Rome", "Paris"),
    ("The answer is Paris or Rome", "Paris"),
    ("The answer is not Paris", "Paris"),
    ("Either (A) or (B).", "A"),
    ("The answer is B, C", "B"),
    (r"\boxed{2, 3}", "2"),
    ("The answer is $2$ or $3$", "2"),
    ("The answer is 1/8", ".13"),
    ("I am not sure; B, or maybe C", "B"),
    ("The answer is 3 + 2", "3"),
    ("The answer is (1,2)", "[1,2]"),
    ("5%", "0.5"),
    ("The answer is −3", "3"),
    ("$x=2$ or $x=3$", "x=2"),
    ("\\boxed{(2,1)}", "(1,2)"),
    ("\\boxed{52_9}", "52_8"),
    ("The answer is Parisian", "Paris"),
    ("I do not know", "no"),
    ("No idea", "no"),
    ("The answer is 5e3", "5"),
    ("The answer is 5.5.5", "5"),
    ("\\boxed{2k}", "2"),
    ("The answer is 10^3", "10"),
    ("The answer is 10³", "10"),
    ("The answer is 2:1", "2"),
    ("The answer is 5i", "5"),
    ("The answer is five", "6"),
    ("\\boxed{-\\frac{1}{2}}", "1/2"),
    ("\\boxed{\\frac{3}{4}x}", "3/4"),
    ("The answer is 3!", "6"),
    ("\\boxed{3!}", "3"),
    ("\\boxed{\\log_2 8}", "2"),
    ("\\boxed{|5|x}", "5"),
    ("The answer is 5 and 6", "5"),
    ("The answer is either 5 or 6", "5"),
    ("The answer is between 5 and 6", "5"),
    ("The answer is 5-6", "5"),
    ("The answer is 5 to 6", "5"),
    ("The answer is neither A nor B", "A"),
    ("The answer is A and C", "A"),
    ("I think yes, maybe no", "yes"),
    ("It could be A. It could be B.", "A"),
    ("The answer is A or maybe B", "A"),
    ("True or False", "true"),
    ("\\boxed{A, B}", "A"),
    ("\\boxed{AB}", "A"),
    ("\\boxed{\\text{A or B}}", "A"),
    ("A good question", "A"),
    ("I think so", "I"),
]
LETTER_WORDINGS = [
    "The answer is ({}) Paris.",
    "{}: Paris",
    "{}, because …",
    "option {}",
    "Option {}",
    "The answer is {}.",
    "The answer is ({}).",
    "{}",
    "({})",
    "{}.",
    "{})",
    "**{}**",
    "Answer: {}",
    "The correct answer is {}",
    "The correct option is {}.",
    "The correct choice is ({})",
    "I choose {}.",
    "I pick {}",
    "\\boxed{{{}}}",
    "$\\boxed{{\\text{{({})}}}}$",
    "So, {} is correct.",
    "{} is the correct answer.",
    "Option {} is correct because of x.",
    "The answer is option {}.",
    "The answer is: ({}) because",
    "Answer: {}) Paris",
    "**Answer: {}**",
    "**Answer:** {}. Paris",
    "Final answer: {}",
    "My choice is {}",
    "Let me think.\nA is wrong.\nThe answer is {}",
    "Let me think.\n\n{}",
    'The answer is "{}"',
    "<answer>{}</answer>",
    "{} because it fits",
    "The answer is {} because it fits",
    "The answer is choice {}",
    "I would go with option {}",
    "It's {}.",
    "The best answer is {}: Paris",
    "The answer is {} - Paris",
    "Thus, the answer is $\\text{{{}}}$.",
    "The right answer is letter {}.",
    "answer is {}",
    "({}) Paris",
    "{}. Paris",
    "Correct answer: {}",
    "Therefore ({}) is the correct option",
    "The answer is {} (Paris)",
    "The answer is {}, Paris.",
    "Answer ({})",
    "### Answer\n{}",
    "The answer must be {}.",
    "The answer would be {}.",
]
YES_NO_WORDINGS = [
    "{}, because …",
    "{}.",
    "{}",
    "The answer is {}.",
    "The answer is: {}",
    "{}! It is.",
    "{} - it is known",
    "Answer: {}",
    "**{}**",
    "\\boxed{{\\text{{{}}}}}",
    "So the answer is {}.",
    "{}, it is.",
    "I think {}.",
    "Let me see.\n{}, it is so.",
    "{} because",
    "It is {}.",
    "The answer is {}, because of that.",
    "<answer>{}</answer>",
]
TEXT_WORDINGS = [
    "{}, because …",
    "{}.",
    "{}",
    "The answer is {}.",
    "The answer is {}, the capital of France.",
    "The answer is {} because it is.",
    "{} is the answer.",
    "Answer: {}",
    "**{}**",
    "\\boxed{{\\text{{{}}}}}",
    "So, it is {}.",
    "It's {}.",
    "The answer is the {}",
    'The answer is "{}".',
    "Let me see.\n{}",
    "The answer is {} (in France).",
    "{} - the capital",
    "{}: the capital",
    "The capital is known. The answer is {}; that is all.",
    "<answer>{}</answer>",
    "The final answer is **{}**",
]


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
