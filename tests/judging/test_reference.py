from dataclasses import replace

from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Usage
from thoughtrank.judging.reference import ReferenceJudge


def request(texts, reference="5"):
    answers = tuple(AnswerView(str(index), text) for index, text in enumerate(texts))
    return JudgeRequest("q", "2 + 3?", answers, reference, seed=1)


def test_right_before_wrong_and_ties_stay_ties():
    verdict = ReferenceJudge().judge(request(["4", "The answer is 5.", "", "#### 5"]))
    assert verdict.status == "ok"
    assert verdict.groups == (("1", "3"), ("0", "2"))
    assert verdict.usage == Usage()


def test_all_right_or_all_wrong_is_one_group():
    assert ReferenceJudge().judge(request(["5", "5.0"])).groups == (("0", "1"),)
    assert ReferenceJudge().judge(request(["", "no"])).groups == (("0", "1"),)


def test_without_a_reference_there_is_nothing_to_say():
    for reference in (None, "  "):
        verdict = ReferenceJudge().judge(request(["5"], reference))
        assert (verdict.status, verdict.groups, verdict.reason) == ("error", (), "no reference answer")


def test_a_grade_agrees_with_the_order():
    def grade(text):
        ((answer_id, score),) = ReferenceJudge().judge(replace(request([text]), mode="score")).scores
        assert answer_id == "0"
        return score

    assert [grade(text) for text in ("so 5", "4", "")] == [10, 1, 1]


def test_it_is_free_exact_and_needs_references():
    judge = ReferenceJudge()
    assert (judge.exact, judge.needs_reference, judge.price()) == (True, True, (0.0, 0.0))
    assert judge.faults() == []
    assert judge.family() is None


class WordCount:
    """Scores a reply by its number of words."""

    version = 1

    def identity(self):
        return {"scorer": "words"}

    def score(self, reply, *, question_id, reference):
        return len(reply.split()) / 10


def test_the_scorer_of_the_questions_decides_and_is_part_of_the_identity():
    judge = ReferenceJudge().scored_by(WordCount())
    assert judge.judge(request(["one", "one two three", "one two"])).groups == (("1",), ("2",), ("0",))
    ((_, grade),) = judge.judge(replace(request(["one two"]), mode="score")).scores
    assert grade == 1 + 9 * 0.2
    assert judge.identity()["scorer"] == {"scorer": "words"}
    assert judge.identity() != ReferenceJudge().identity()
