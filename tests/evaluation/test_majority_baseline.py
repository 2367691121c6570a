import pytest

from thoughtrank.evaluation.majority_baseline import MajorityBaseline, majority_baseline
from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.records import Question


def baseline(*answers, scorer=None, **fields):
    questions = [Question(f"q{number}", "?", answer, **fields) for number, answer in enumerate(answers)]
    return majority_baseline(questions, scorer=scorer or ReferenceScorer())


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (("12", "7", "$12", "12.0"), MajorityBaseline("12", 0.75, 4)),
        (("B", "(C) Paris", "C"), MajorityBaseline("C", 2 / 3, 3)),
        (("yes", "No", "no"), MajorityBaseline("No", 2 / 3, 3)),
        (("3", "5", "9"), MajorityBaseline("3", 1 / 3, 3)),
    ],
)
def test_it_is_the_accuracy_of_the_most_frequent_reference_answer(answers, expected):
    assert baseline(*answers) == expected


def test_only_questions_of_trained_families_with_a_short_reference_count():
    long = "a sentence that is much too long to be the short answer of a question"
    questions = [
        Question("a", "?", "12"),
        Question("b", "?", "7"),
        Question("c", "?", "7"),
        *(Question(f"unseen {number}", "?", "12", unseen=True) for number in range(3)),
        *(Question(f"free {number}", "?", long) for number in range(3)),
        Question("none", "?"),
    ]
    assert majority_baseline(questions, scorer=ReferenceScorer()) == MajorityBaseline("7", 2 / 3, 3)


@pytest.mark.parametrize("answers", [(), (None, None)])
def test_without_a_reference_answer_there_is_none(answers):
    assert baseline(*answers) is None


def test_what_the_scorer_accepts_counts_as_right():
    questions = [Question("a", "?", "12"), Question("b", "?", "12"), Question("c", "?", "a dozen", accepted=("12",))]
    scorer = ReferenceScorer(questions=lambda: {each.question_id: each for each in questions})
    assert majority_baseline(questions, scorer=scorer) == MajorityBaseline("12", 1.0, 3)
