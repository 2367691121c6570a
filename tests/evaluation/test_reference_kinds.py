import pytest

from thoughtrank.evaluation.reference_kinds import kinds_text, reference_kind, understood
from thoughtrank.records import Question


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
    def counted(*answers):
        return kinds_text(Question("q", "?", answer=each) for each in answers)

    assert counted("1", "2", "B", None, None) == "2 numbers, 1 letter, 2 without reference"
    assert counted("Paris", "one\ntwo") == "1 short text, 1 free text"
    assert counted() == ""
    assert counted(*["1"] * 1319, "B") == "1,319 numbers, 1 letter"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (r"\boxed{D}", "letter", "D"),
        ("9 (apples)", "number", "9"),
        ("She sells 2.\n#### 18", "number", "18"),
        ("x = 18", "number", "18"),
        ("A: 18", "number", "18"),
        ("1 000", "number", "1000"),
        (r"\text{Evelyn}", "short_text", "Evelyn"),
        ("True.", "yes_no", "True"),
        ("2k", "formula", "2k"),
        ("52_8", "formula", "52_8"),
        ("2024-01-05", "short_text", "2024-01-05"),
        ("H2O", "short_text", "H2O"),
    ],
)
def test_what_is_written_around_a_reference_does_not_count(answer, kind, text):
    assert understood(answer)[:2] == (kind, text)
