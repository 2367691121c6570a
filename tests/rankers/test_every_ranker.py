"""What holds for every ranker, whatever the judge replies."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from string import ascii_letters

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.instantiate import make_component
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import AnswerView, Verdict
from thoughtrank.judging.reference import ReferenceJudge
from thoughtrank.judging.simulated import SimulatedJudge
from thoughtrank.rankers.rank_questions import AnsweredQuestion, rank_questions

CONF = Path(__file__).parents[2] / "conf" / "ranker"
RANKERS = {
    path.stem: make_component(yaml.safe_load(path.read_text()), where="ranker") for path in sorted(CONF.glob("*.yaml"))
}
every_ranker = pytest.mark.parametrize("ranker", RANKERS.values(), ids=RANKERS)
FEW = settings(max_examples=25)
FAILURES = ("malformed", "refused", "too_long", "error")


class Direct:
    """Makes calls at once, without a log."""

    def __init__(self, judge):
        self.judge = judge
        self.requests = []

    def ask(self, requests, *, on_verdict=None):
        self.requests.extend(requests)
        return [self.judge.judge(request) for request in requests]


class Careless(SimulatedJudge):
    """Fails in every way there is, as its seed decides."""

    def judge(self, request):
        draw = random.Random(
            f"{self.seed}/{request.seed}/{request.reverse}/{[each.answer_id for each in request.answers]}"
        )
        ids = [answer.answer_id for answer in request.answers]
        draw.shuffle(ids)
        way = draw.choice(["honest", "honest", "tied", "short", "repeated", "unknown", "grade", *FAILURES])
        if way in FAILURES:
            return Verdict(way, reason="no")
        if way == "tied":
            return Verdict("ok", groups=(tuple(ids),))
        if way == "short":
            return Verdict("ok", groups=tuple((each,) for each in ids[: -(-len(ids) * 4 // 5)]))
        if way == "repeated":
            return Verdict("ok", groups=((ids[0],), (ids[0], ids[-1])))
        if way == "unknown":
            return Verdict("ok", groups=((ids[0],), ("nobody",)))
        if way == "grade":
            return Verdict("ok", scores=((ids[0], 11.0),))
        return super().judge(request)


def asked(texts, *, question_id="q", reference=None, seed=1):
    answers = tuple(AnswerView(f"{question_id}-{index:02}", text) for index, text in enumerate(texts))
    return AnsweredQuestion(question_id, "What?", answers, reference, seed)


def ranked(question, ranker, judge):
    executor = Direct(judge)
    (result,) = rank_questions([question], ranker=ranker, executor=executor)
    return result, executor.requests


def check(result, ids):
    """Every answer is ranked, or unranked with a reason, once; scores and flags are of ranked ones."""
    placed = Counter([*(each for group in result.groups for each in group), *result.unranked])
    assert placed == Counter(ids)
    assert all(result.groups)
    assert all(result.unranked.values())
    ranks = {each for group in result.groups for each in group}
    assert set(result.scores) <= ranks
    assert set(result.p_top) <= ranks
    assert set(result.score_sds) in (set(), set(result.scores))
    assert all(sd > 0 for sd in result.score_sds.values())
    assert set(result.flags) <= ranks
    assert sum(result.p_top.values()) <= len(ids) + 1e-9
    scores = [result.scores[group[0]] for group in result.groups if group[0] in result.scores]
    assert scores == sorted(scores, reverse=True)


TEXTS = st.lists(st.sampled_from(["", " ", "a", "a ", *"bcdefghijklmnopqrstu"]), max_size=24)


def test_all_rankers_are_here():
    assert len(RANKERS) >= 7
    assert len({str(ranker.identity()) for ranker in RANKERS.values()}) == len(RANKERS)


@every_ranker
@FEW
@given(texts=TEXTS, seed=st.integers(0, 99), shuffle=st.randoms(use_true_random=False))
def test_the_order_in_which_answers_come_changes_nothing(ranker, texts, seed, shuffle):
    question = asked(texts, seed=seed)
    other = replace(question, answers=tuple(shuffle.sample(question.answers, len(question.answers))))
    assert ranked(question, ranker, SimulatedJudge(seed=seed)) == ranked(other, ranker, SimulatedJudge(seed=seed))


@every_ranker
@FEW
@given(texts=TEXTS, seed=st.integers(0, 10**6))
def test_after_every_round_of_a_careless_judge_the_result_is_valid(ranker, texts, seed):
    answers = [
        AnswerView(f"{index:02}", text) for index, text in enumerate(sorted({text.strip() for text in texts} - {""}))
    ]
    state = ranker.start(question_id="q", question="?", answers=answers, reference=None, seed=seed, exact=False)
    judge = Careless(seed=seed)
    for _ in range(400):
        check(ranker.result(state), [answer.answer_id for answer in answers])
        requests = ranker.plan(state)
        if not requests:
            break
        assert len(set(requests)) == len(requests)
        assert all(len(request.answers) > 1 or request.mode == "score" for request in requests)
        state = ranker.update(state, [(request, judge.judge(request)) for request in requests])
    assert ranker.plan(state) == []


@every_ranker
@FEW
@given(texts=TEXTS, seed=st.integers(0, 10**6))
def test_duplicates_share_a_rank_and_empty_answers_have_none(ranker, texts, seed):
    question = asked(texts, seed=seed)
    result, requests = ranked(question, ranker, SimulatedJudge(seed=seed))
    check(result, [answer.answer_id for answer in question.answers])
    places = {each: place for place, group in enumerate(result.groups) for each in group}
    by_text = {}
    for answer in question.answers:
        if not answer.text.strip():
            assert result.unranked[answer.answer_id] == "empty answer"
        else:
            by_text.setdefault(answer.text.strip(), []).append(answer.answer_id)
    for members in by_text.values():
        assert len({places.get(each) for each in members}) == 1
    for request in requests:
        assert len({answer.text for answer in request.answers}) == len(request.answers)


@every_ranker
def test_an_exact_judge_gets_one_call_and_its_order_stands(ranker):
    question = asked(list("abcdefghijklmnopqrst"))
    for judge in (FakeJudge(), ReferenceJudge()):
        texts = replace(question, reference="5", answers=(*question.answers, AnswerView("z", "it is 5")))
        result, (request,) = ranked(texts, ranker, judge)
        assert [set(group) for group in result.groups] == [set(group) for group in judge.judge(request).groups]
        assert result.unranked == {}


@every_ranker
def test_one_answer_needs_no_call_and_two_need_few(ranker):
    assert ranked(asked(["a", "a "]), ranker, SimulatedJudge())[1] == []
    result, requests = ranked(asked(["a", "b"]), ranker, SimulatedJudge(malformed_share=0))
    assert 1 <= len(requests) <= 3
    check(result, ["q-00", "q-01"])


@every_ranker
def test_a_judge_that_fails_always_leaves_everything_unranked_with_its_reason(ranker):
    for status, reason in (("malformed", "malformed: no"), ("refused", "judge_refused: no"), ("error", "error: no")):
        judge = SimulatedJudge()
        judge.judge = lambda request, status=status: Verdict(status, reason="no")
        result, requests = ranked(asked(list("abcdefghij")), ranker, judge)
        assert result.groups == ()
        assert set(result.unranked.values()) == {reason}
        assert len(requests) < 100


@every_ranker
@pytest.mark.parametrize("count", [3, 5, 8, 20, 30])
def test_the_answer_that_a_judge_refuses_is_found_and_no_other_suffers(ranker, count):
    class Squeamish(SimulatedJudge):
        def judge(self, request):
            if any(answer.text == "c" for answer in request.answers):
                return Verdict("refused", reason="not that")
            return super().judge(request)

    texts = list(ascii_letters[:count])
    result, _ = ranked(asked(texts), ranker, Squeamish(malformed_share=0))
    check(result, [f"q-{index:02}" for index in range(count)])
    others = {answer_id: reason for answer_id, reason in result.unranked.items() if answer_id != "q-02"}
    assert result.unranked["q-02"] == "judge_refused: not that"
    # Of twenty and more answers the simulated judge leaves one out now and then.
    assert set(others.values()) <= {"not in the judge's ranking"}
    assert len(others) <= count // 20


@every_ranker
@pytest.mark.parametrize("count", [2, 3, 7, 8, 9, 20, 25, 62])
def test_it_makes_no_more_calls_than_its_bound(ranker, count):
    work = ranker.max_work(count)
    for seed in range(4):
        question = asked([f"{index:060}" for index in range(count)], seed=seed)
        _, requests = ranked(question, ranker, SimulatedJudge(malformed_share=0, seed=seed, strength="weak"))
        assert len(requests) <= work.calls
        assert sum(len(request.answers) for request in requests) <= work.answers_shown


@every_ranker
def test_a_clear_best_answer_is_found(ranker):
    quality = {text: -float(place) for place, text in enumerate("abcdefghijklmnopqrstuvwxyz")}
    first = 0
    for seed in range(10):
        judge = SimulatedJudge(seed=seed, quality=lambda _request, answer: quality[answer.text])
        result, _ = ranked(asked(list(quality), seed=seed), ranker, judge)
        places = [each for group in result.groups for each in group]
        first += "q-00" in places[:3]
    assert first >= 8


@every_ranker
def test_after_a_kill_at_any_call_the_log_gives_the_same_ranking(ranker, tmp_path):
    question = asked(list("abcdefghijkl"), seed=3)
    judge = SimulatedJudge(malformed_share=0.2, refused_share=0.1, seed=5)
    path = tmp_path / "full"
    with Executor(judge, path) as executor:
        (whole,) = rank_questions([question], ranker=ranker, executor=executor)
        calls = executor.new_calls
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == calls
    draw = random.Random(1)
    for kept in sorted({0, 1, calls, *draw.sample(range(calls), min(4, calls))}):
        part = tmp_path / str(kept)
        part.write_bytes(b"".join(lines[:kept]))
        with Executor(judge, part) as executor:
            (again,) = rank_questions([question], ranker=ranker, executor=executor)
            assert executor.new_calls == calls - kept
        assert again == whole
