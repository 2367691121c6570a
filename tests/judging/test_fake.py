from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import AnswerView, JudgeRequest


def request(texts):
    answers = tuple(AnswerView(str(index), text) for index, text in enumerate(texts))
    return JudgeRequest("q", "2 + 3?", answers, None, seed=1)


def test_it_is_free_exact_and_needs_no_reference():
    judge = FakeJudge()
    assert (judge.exact, judge.needs_reference, judge.price()) == (True, False, (0.0, 0.0))
    assert judge.faults() == []
    assert judge.family() is None


def test_a_grade_agrees_with_the_order():
    def grade(text):
        ((answer_id, score),) = FakeJudge().judge(replace(request([text]), mode="score")).scores
        assert answer_id == "0"
        return score

    texts = ["a", "b", "c", "d"]
    order = [int(each) for (each,) in FakeJudge().judge(request(texts)).groups]
    assert sorted(range(4), key=lambda index: -grade(texts[index])) == order
    assert all(1 <= grade(text) <= 10 for text in texts)


@given(st.lists(st.sampled_from("abcdef"), min_size=1), st.randoms())
def test_the_fake_order_is_of_the_texts_only(texts, random):
    def order(some):
        asked = request(some)
        text = {answer.answer_id: answer.text for answer in asked.answers}
        return [{text[each] for each in group} for group in FakeJudge().judge(asked).groups]

    shuffled = random.sample(texts, len(texts))
    assert order(texts) == order(shuffled)
    assert all(len(group) == 1 for group in order(texts))
