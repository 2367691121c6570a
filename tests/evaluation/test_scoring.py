import pytest

from thoughtrank.evaluation.scoring import ReferenceScorer, readings
from thoughtrank.records import Question


def test_the_reference_scorer_gives_one_or_nothing():
    scorer = ReferenceScorer()
    assert scorer.score("It is 5 apples. The answer is 5.", question_id="q", reference="5") == 1.0
    assert scorer.score("The answer is 6.", question_id="q", reference="5") == 0.0
    assert scorer.score("", question_id="q", reference="5") == 0.0


def test_raising_its_version_changes_its_identity(monkeypatch):
    before = ReferenceScorer().identity()
    monkeypatch.setattr(ReferenceScorer, "version", ReferenceScorer.version + 1)
    assert ReferenceScorer().identity() != before


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("5", ["5"]),
        (
            "First.\n<answer> 5 </answer> Done.",
            ["First.\n<answer> 5 </answer> Done.", "5", "<answer> 5 </answer> Done"],
        ),
        (r"So \boxed{[1, 2]}.", [r"So \boxed{[1, 2]}.", "[1, 2]"]),
        ("The answer is `blue`.\nBye", ["The answer is `blue`.\nBye", "blue", "Bye"]),
        ("", [""]),
        ("  ", [""]),
    ],
)
def test_every_reading_of_a_reply_is_offered_once(reply, expected):
    assert readings(reply) == expected


def test_an_answer_element_that_is_not_closed_reaches_to_the_end():
    assert "7 and more" in readings("<answer>7 and more")


def test_every_accepted_answer_of_a_question_is_right_but_a_hedge_is_not():
    question = Question("q", "How many?", answer="12", accepted=("a dozen",))
    scorer = ReferenceScorer(questions=lambda: {"q": question})
    for reply in ("The answer is 12.", "The answer is a dozen."):
        assert scorer.score(reply, question_id="q", reference="12") == 1.0
        assert ReferenceScorer().score("a dozen", question_id="q", reference="12") == 0.0
    assert scorer.score("The answer is 12 or 13.", question_id="q", reference="12") == 0.0
    assert scorer.score("a dozen", question_id="other", reference="12") == 0.0


def test_a_source_can_name_the_kind():
    question = Question("q", "Which?", answer="a", answer_kind="letter")
    scorer = ReferenceScorer(questions=lambda: {"q": question})
    assert scorer.score("I choose option A, because it fits.", question_id="q", reference="a") == 1.0
    assert ReferenceScorer().score("I choose option A, because it fits.", question_id="q", reference="a") == 0.0
    assert scorer.identity() == ReferenceScorer().identity()
