import pytest

from thoughtrank.evaluation.answer_marks import boxed, without_delimiters


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"so \boxed{5}", "5"),
        (r"\boxed{4}, no: \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\fbox{5}", "5"),
        (r"\boxed{4} and \boxed{5", "4"),
        ("5", None),
        (r"\boxed{" + "x" * 600 + "}", None),
    ],
)
def test_the_last_closed_box_counts(text, content):
    assert boxed(text) == content


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("$5$", "5"),
        (r"\(x\)", "x"),
        (r"**\text{(C)}**", "(C)"),
        (r"\[ 3 \]", "3"),
        ("$5", "$5"),
        ("$a$ and $b$", "$a$ and $b$"),
    ],
)
def test_only_marks_around_all_of_a_text_are_removed(text, bare):
    assert without_delimiters(text) == bare
