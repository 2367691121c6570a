import pytest

from thoughtrank.evaluation.reference_kinds import kinds_text, reference_kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("12", "number"),
        ("-3.50", "number"),
        ("$1,200", "number"),
        ("1/2", "number"),
        ("12 apples", "number"),
        (r"\frac{3}{4}", "number"),
        ("B", "letter"),
        ("(b)", "letter"),
        ("C.", "letter"),
        (" D) ", "letter"),
        ("a", "short_text"),
        ("Paris", "short_text"),
        ("the French Revolution", "short_text"),
        ("(0, 3)", "formula"),
        ("x" * 41, "free_text"),
        ("one\ntwo", "free_text"),
        ("It was the age of wisdom, it was the age of foolishness.", "free_text"),
        ("", "none"),
        ("  ", "none"),
        (None, "none"),
    ],
)
def test_the_kind_of_a_reference_follows_from_its_text(answer, kind):
    assert reference_kind(answer) == kind


def test_kinds_are_counted_in_words():
    assert kinds_text(["1", "2", "B", None, None]) == "2 numbers, 1 letter, 2 without reference"
    assert kinds_text(["Paris", "one\ntwo"]) == "1 short text, 1 free text"
    assert kinds_text([]) == ""
