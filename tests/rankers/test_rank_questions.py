from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import AnswerView, Verdict
from thoughtrank.judging.reference import ReferenceJudge
from thoughtrank.judging.screening import MALFORMED
from thoughtrank.rankers.listwise_groups import ListwiseGroups
from thoughtrank.rankers.rank_questions import AnsweredQuestion, rank_questions


class Direct:
    """Makes calls without a log, and keeps the requests of each round."""

    def __init__(self, judge):
        self.judge = judge
        self.rounds = []

    def ask(self, requests, *, on_verdict=None):
        self.rounds.append(list(requests))
        verdicts = [self.judge.judge(request) for request in requests]
        for pair in zip(requests, verdicts, strict=True):
            on_verdict(*pair)
        return verdicts


class Inexact(FakeJudge):
    """A judge that needs groups; ``reply`` may replace its verdict."""

    exact = False
    operational = frozenset({"reply"})

    def __init__(self, reply=None):
        self.reply = reply

    def judge(self, request):
        return (self.reply(request) if self.reply else None) or super().judge(request)


def asked(texts, *, question_id="q", reference=None, seed=1):
    answers = tuple(AnswerView(f"{question_id}-{index}", text) for index, text in enumerate(texts))
    return AnsweredQuestion(question_id, "What?", answers, reference, seed)


def ranked(questions, judge, **settings):
    executor = Direct(judge)
    results = rank_questions(questions, ranker=ListwiseGroups(looks=1, **settings), executor=executor)
    return results, executor


def all_tied(request):
    return Verdict("ok", groups=(tuple(answer.answer_id for answer in request.answers),))


def test_duplicates_share_a_rank_and_empty_answers_are_set_aside():
    question = asked(["6", "The answer is 5", "", " 6\n", "\n ", "The answer is 5"], reference="5")
    (result,), executor = ranked([question], ReferenceJudge())
    assert result.groups == (("q-1", "q-5"), ("q-0", "q-3"))
    assert result.unranked == {"q-2": "empty answer", "q-4": "empty answer"}
    assert [[answer.text for answer in request.answers] for request in executor.rounds[0]] in (
        [["6", "The answer is 5"]],
        [["The answer is 5", "6"]],
    )


def test_nothing_to_compare_needs_no_call():
    questions = [asked([]), asked(["", " "]), asked(["same", "same "])]
    results, executor = ranked(questions, FakeJudge())
    assert executor.rounds == []
    assert [result.groups for result in results] == [(), (), (("q-0", "q-1"),)]
    assert set(results[1].unranked) == {"q-0", "q-1"}


def test_all_questions_advance_together():
    calls = Counter()

    def fail_first(request):
        calls[request.question_id] += 1
        return Verdict("malformed", reason="prose") if calls[request.question_id] == 1 else None

    questions = [asked(["a", "b", "c"], question_id=f"q{index}") for index in range(3)]
    seen = []
    executor = Direct(Inexact(fail_first))
    results = rank_questions(
        questions, ranker=ListwiseGroups(looks=1), executor=executor, on_progress=lambda *counts: seen.append(counts)
    )
    assert [len(requests) for requests in executor.rounds] == [3, 3]
    assert seen == [(1, 3), (2, 3), (3, 3), (4, 6), (5, 6), (6, 6)]
    assert [result.unranked for result in results] == [{}, {}, {}]


def test_without_a_reference_the_answers_are_unranked_with_the_reason():
    (result,), _ = ranked([asked(["5", "6", "6"])], ReferenceJudge())
    assert result.groups == ()
    assert result.unranked == dict.fromkeys(["q-0", "q-1", "q-2"], "error: no reference answer")


TEXTS = st.lists(st.sampled_from(["", " ", "a", "a ", *"bcdefghijk"]), max_size=20)


@given(TEXTS, st.randoms())
def test_under_an_exact_judge_the_order_of_the_input_does_not_matter(texts, shuffle):
    question = asked(texts)
    order = shuffle.sample(question.answers, len(question.answers))
    other = AnsweredQuestion("q", "What?", tuple(order), None, 1)
    (first,), _ = ranked([question], FakeJudge())
    (second,), _ = ranked([other], FakeJudge())
    assert [set(group) for group in first.groups] == [set(group) for group in second.groups]
    assert first.unranked == second.unranked


def test_a_judge_that_finds_everything_equal_is_noticed():
    questions = [asked(["a", "b", "c"], question_id=f"q{index}") for index in range(5)]
    with pytest.raises(UserError, match="no information"):
        ranked(questions, Inexact(all_tied))
    assert len(ranked(questions[:4], Inexact(all_tied))[0]) == 4
    one_order = Inexact(lambda request: None if request.question_id == "q3" else all_tied(request))
    assert len(ranked(questions, one_order)[0]) == 5


def test_an_exact_judge_may_find_everything_equal():
    questions = [asked(["1", "2"], question_id=f"q{index}", reference="5") for index in range(9)]
    results, _ = ranked(questions, ReferenceJudge())
    assert {len(result.groups) for result in results} == {1}


def test_a_resumed_run_asks_nothing_again(tmp_path):
    questions = [asked(["a", "b", "c"], question_id=f"q{index}") for index in range(4)]
    judge = Inexact(lambda request: Verdict("malformed", reason="prose") if request.question_id == "q2" else None)
    results = []
    for asks in (5, 0):
        with Executor(judge, tmp_path / "_verdicts.jsonl") as executor:
            results.append(rank_questions(questions, ranker=ListwiseGroups(looks=1), executor=executor))
            assert executor.new_calls == asks
    assert results[0] == results[1]
    assert set(results[0][2].unranked.values()) == {"malformed: prose"}


@pytest.mark.parametrize("judge", [FakeJudge(), ReferenceJudge(), Inexact()], ids=lambda each: each.name)
@pytest.mark.parametrize("text", ["5<thought>6", "5</thought>6", "<thought>a</thought>5"])
def test_an_answer_with_a_thought_tag_is_unranked_and_never_shown(judge, text):
    (result,), executor = ranked([asked(["5", text, "6"], reference="5")], judge)
    assert result.unranked == {"q-1": MALFORMED}
    assert sorted(each for group in result.groups for each in group) == ["q-0", "q-2"]
    assert all(answer.text != text for calls in executor.rounds for call in calls for answer in call.answers)
