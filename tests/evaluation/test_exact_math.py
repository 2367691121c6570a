import pytest

from thoughtrank.evaluation.math_equality import math_equal

DIFFERENT = [
    (r"\frac{1}{2004!}", r"\frac{1}{2006!}"),
    (r"\frac{1}{2^{99}}", r"\frac{1}{2^{98}}"),
    (r"\frac{2^{2005}+1}{3 \cdot 2^{2006}}", r"\frac{1}{3 \cdot 2^{2006}}"),
    (r"\{2^{-99}, 1\}", r"\{2^{-98}, 1\}"),
    (r"(1, 2^{-99})", r"(1, 2^{-98})"),
    (r"p = 2^{-99}", r"2^{-98}"),
    ("0", r"\frac{1}{2004!}"),
    ("|x|", "x"),
    (r"\sqrt{x^2}", "x"),
    (r"\sqrt{n}", r"\sqrt{2n}"),
    (r"\log(x^2)", r"2\log(3x)"),
    ("x + y", "x + z"),
]
EQUAL = [
    (r"\sqrt{1/n}", r"\frac{1}{\sqrt{n}}"),
    (r"\frac{1}{\sqrt{n}}", r"\sqrt{\frac{1}{n}}"),
    (r"\sqrt{ab}", r"\sqrt{a}\sqrt{b}"),
    (r"y = \frac{\sqrt{x}}{x}", r"\frac{1}{\sqrt{x}}"),
    (r"\frac{1}{2^{99}}", "2^{-99}"),
    ("0", r"\sqrt{2} + \sqrt{3} - \sqrt{5 + 2\sqrt{6}}"),
    ("|x|", r"\sqrt{x^2}"),
]


@pytest.mark.parametrize(("reference", "answer"), DIFFERENT)
def test_tiny_numbers_and_formulas_that_differ_somewhere_are_different(reference, answer):
    assert not math_equal(reference, answer)


@pytest.mark.parametrize(("reference", "answer"), EQUAL)
def test_roots_of_variables_and_other_forms_of_tiny_numbers_are_equal(reference, answer):
    assert math_equal(reference, answer)
