from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.fake import FakeJudge
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


def test_a_grade_says_the_same_as_the_order():
    def grade(judge, text):
        ((answer_id, score),) = judge.judge(replace(request([text]), mode="score")).scores
        assert answer_id == "0"
        return score

    assert [grade(ReferenceJudge(), text) for text in ("so 5", "4", "")] == [10, 1, 1]
    texts = ["a", "b", "c", "d"]
    order = [int(each) for (each,) in FakeJudge().judge(request(texts)).groups]
    assert sorted(range(4), key=lambda index: -grade(FakeJudge(), texts[index])) == order


def test_free_judges_state_what_they_need():
    for judge in (ReferenceJudge(), FakeJudge()):
        assert judge.exact
        assert judge.price() == (0.0, 0.0)
        assert judge.faults() == []
        assert judge.family() is None
    assert ReferenceJudge().needs_reference
    assert not FakeJudge().needs_reference


@given(st.lists(st.sampled_from("abcdef"), min_size=1), st.randoms())
def test_the_fake_order_is_of_the_texts_only(texts, random):
    def order(some):
        asked = request(some)
        text = {answer.answer_id: answer.text for answer in asked.answers}
        return [{text[each] for each in group} for group in FakeJudge().judge(asked).groups]

    shuffled = random.sample(texts, len(texts))
    assert order(texts) == order(shuffled)
    assert all(len(group) == 1 for group in order(texts))
