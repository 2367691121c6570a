import pytest

from thoughtrank.evaluation.answer_comparison import is_right
from thoughtrank.evaluation.unmarked_numbers import unmarked_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("She has 12 apples.", "12"),
        ("3 apples and 4 apples make 7", "7"),
        ("He takes 12 or 13 of them. So 14 are left.", "14"),
        ("For 3 or more hours he pays a fixed price, which is 15", "15"),
        ("- 5", "5"),
        ("is *5*", "5"),
        ("is **5**.", "5"),
        ("2^3 = 8", "8"),
        (r"\sqrt{16} is 4", "4"),
        (r"\frac{x}{2} = 5", "5"),
        (r"\begin{aligned} x &= 5 \\ \end{aligned}", "5"),
        ("The area is 12 cm^2.", "12"),
        ("The volume is 12 m^{3}", "12"),
        ("12 m²", "12"),
        ("It takes 12h", "12"),
        ("Step 1: 5", "5"),
        ("log_2(8) = 3", "3"),
        ("x_1 = 3", "3"),
        ("It rose by 5 to 12", "12"),
        ("3, 4, 5", "5"),
        ("none", None),
    ],
)
def test_a_text_ends_in_its_last_number(text, number):
    assert unmarked_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "12 or 13",
        "Either 12 or 13.",
        "She has 12 or maybe 13 apples",
        "12, or perhaps even 13",
        "It is between 12 and 13.",
        "maybe 12, maybe 13",
        "12 oder 13",
        "12 ou 13",
        "12或13",
        "12-13",
        "12 – 13 apples",
    ],
)
def test_one_of_two_alternatives_is_none(text):
    assert unmarked_number(text) is None
    assert not is_right(text, "13")
    assert not is_right(text, "12")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It is 3π.", "3"),
        ("So x = 3√2", "23"),
        (r"So $x = 2\sqrt{3}$.", "23"),
        (r"We get $\frac{\sqrt{3}}{2}$", "32"),
        ("It is 3².", "32"),
        ("It is 3^2", "32"),
        ("x^{3}", "3"),
        ("we get 3x", "3"),
        ("It is 3e", "3"),
        ("2+3i", "23"),
        ("log_2(8)", "28"),
        ("It is sin(3)", "3"),
        ("It is f(3)", "3"),
        ("It is 7*8", "78"),
        ("7 × 8", "78"),
        ("It is 7 - 8", "78"),
        ("7 + 8", "78"),
        (r"It is 7 \cdot 8", "78"),
        ("12:30", "0"),
        ("1,00,000", "01"),
        ("1'000", "01"),
    ],
)
def test_a_part_of_a_formula_or_an_operand_is_none(text, parts):
    for part in parts:
        assert not is_right(text, part)
