import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.evaluation.answer_comparison import is_right, same_answer
from thoughtrank.evaluation.answer_extraction import final_answer, first_answer

RIGHT = [
    ("The answer is 5.", "5"),
    (r"so \boxed{\frac{3}{4}}", "3/4"),
    (r"\boxed{1{,}200 \text{ apples}}", "1200"),
    (r"first \boxed{4}, no: \boxed{5}", "5"),
    (r"The answer is 4. \boxed{x = 5}", "5"),
    (r"The answer is $\boxed{-\frac{1}{2}}$.", "-0.5"),
    (r"$\boxed{50\%}$", "50"),
    (r"$1\frac{1}{2}$", "1.5"),
    (r"The answer is \$7", "7"),
    ("#### 18", "18"),
    ("She has 5 left.\n#### 5 apples", "5"),
    ("#### Step 3: do\nThe answer is: $1,234.50.", "1234.5"),
    ("**Answer:** −5 apples", "-5"),
    ("Answer: -$5", "-5"),
    ("answer = 7", "7"),
    ("The final answer is:\n\n**42**", "42"),
    ("The answer is 3 + 2 = 5 apples", "5"),
    ("The answer is 10-5=5", "5"),
    ("answer is 12 since 12 = 3*4", "12"),
    ("answer: 20 = 4*5", "20"),
    ("The answer is 5 (= 2+3)", "5"),
    ("the answer to the riddle is 9. There were 3 of them", "9"),
    ("The answer is **2 1/2** cups", "2.5"),
    ("The answer is $18$.", "18"),
    ("The answer is 1e3", "1000"),
    ("it is 10 - 5 = 5", "5"),
    ("so 3.0 units", "3"),
    ("50 %", "50%"),
    ("12 apples", "12"),
    ("It costs $5.", "$5.00"),
    ("Answer: 12 apples - 5 apples = 7 apples", "7"),
    ("The answer is 5 x 4 = 20.", "20"),
    ("The answer is 5, because x = 2", "5"),
    ("The answer is the total for 3 days = 15", "15"),
    (r"The answer is \( 3 \cdot 4 = 12 \).", "12"),
    ("**Answer: $1,200**", "1200"),
    ("Answer: 5\n\nAsk me 3 more!", "5"),
    ("half, so .5", "1/2"),
    ("1,2,3", "3"),
    ("2**3 = 8", "8"),
    ("The answer is Paris.", "paris"),
    ("I think so.\nParis", "Paris"),
    ("The answer is (B).", "B"),
    (r"\boxed{\text{New  York}}", "new york"),
    ("Answer: 3:30 PM", "3:30 pm"),
]
WRONG = [
    ("The answer is 6.", "5"),
    ("", "5"),
    ("", "Paris"),
    ("no number", "5"),
    ("The answer is 5 or 6.", "5"),
    ("The answer is 5 or 6.", "6"),
    (r"\boxed{5, 6}", "5"),
    (r"\boxed{x = 5 \text{ or } x = 6}", "6"),
    (r"5 \boxed{none}", "5"),
    (r"The answer is 5. \boxed{6}", "5"),
    ("10-5", "-5"),
    ("pages 3-5", "5"),
    ("H2O", "2"),
    ("It is 5/0", "5"),
    ("The answer is Rome.", "Paris"),
    ("Paris it is not.\nRome", "Paris"),
    ("Paris", ""),
    ("The answer is -x.", "x"),
]


@pytest.mark.parametrize(("reply", "reference"), RIGHT)
def test_right(reply, reference):
    assert is_right(reply, reference)


@pytest.mark.parametrize(("reply", "reference"), WRONG)
def test_wrong(reply, reference):
    assert not is_right(reply, reference)


@pytest.mark.parametrize(
    ("reply", "number"),
    [("The answer is $1,234.50.", "1234.50"), ("#### 3/4", "3/4"), ("it is −3", "-3"), ("nothing", None)],
)
def test_final_answer_is_written_plainly(reply, number):
    assert final_answer(reply) == number


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        (" 39.", "number", "39"),
        (" 2 * 6 = 12", "number", "2"),
        (" 48/4 = 12", "number", "48"),
        (" 48/4.", "number", "48"),
        (" 1/2 of it, so 3", "number", "1/2"),
        (" 1 1/2", "number", "1 1/2"),
        (" $1,200, or 5", "number", "1200"),
        (" the sum of both", "number", None),
        (" **-3**", "number", "-3"),
        (" (b) because A is wrong", "letter", "b"),
        (" A good question, C.", "letter", "C"),
        (" I think b) it is", "letter", "b"),
        (" A. Or B", "letter", "A"),
        (" none of them", "letter", None),
        (" **Paris**. Not Rome.", "short_text", "Paris"),
        (" ", "short_text", None),
    ],
)
def test_what_comes_first_after_a_stem_is_the_answer_and_nothing_is_calculated(text, kind, answer):
    assert first_answer(text, kind) == answer


def test_same_answer_compares_numbers_as_numbers_and_texts_as_texts():
    assert same_answer("3.0", "3")
    assert same_answer("0.333", "333/1000")
    assert same_answer(" Yes! ", "yes")
    assert not same_answer("3.1", "3")
    assert not same_answer(None, "3")
    assert not same_answer("", "?!")


@given(st.text(), st.text())
def test_garbage_never_crashes(reply, reference):
    final_answer(reply)
    is_right(reply, reference)
    same_answer(reply, reference)


PIECES = st.sampled_from(
    [*r"0123456789./,-+*=$%^(){}[] \_:#", "\\boxed{", "\\frac", "####", "answer is", "\n", "\ud800"]
)


@given(st.lists(PIECES, max_size=60).map("".join), st.lists(PIECES, max_size=10).map("".join))
def test_garbage_made_of_number_parts_never_crashes(reply, reference):
    found = final_answer(reply)
    assert found is None or same_answer(found, found)
    is_right(reply, reference)


@given(st.integers(-(10**9), 10**9), st.sampled_from(["{}", "{:,}", "{}.0", "${:,}", "{} apples", "**{}**", "{}."]))
def test_any_way_to_write_an_integer_is_right(number, form):
    reply = "First 3, then 4.\nThe answer is " + form.format(number)
    assert is_right(reply, str(number))
    assert not is_right(reply, str(number + 1))


@given(st.fractions(max_denominator=1000))
def test_fractions(number):
    found = final_answer(f"\\boxed{{{number}}}")
    assert found is not None
    assert Fraction(found) == number


@pytest.mark.parametrize(
    "garbage", ["9" * 50_000, "\\boxed{" * 2_000, "1," * 20_000, "answer is " * 5_000, "1 " * 30_000]
)
def test_long_garbage_is_quick(garbage):
    start = time.thread_time()  # of this thread alone: other processes may be busy
    is_right(garbage, "5")
    is_right("5", garbage)
    assert time.thread_time() - start < 5
