from collections import Counter
from dataclasses import replace

import pytest

from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.judging.simulated import INJECTION, SimulatedJudge

QUALITY = {"good": 1.0, "middling": 0.0, "bad": -1.0}


def request(texts, seed=1, **changes):
    answers = tuple(AnswerView(text, text) for text in texts)
    return replace(JudgeRequest("q", "What?", answers, None, seed=seed), **changes)


def judge(**settings):
    return SimulatedJudge(quality=lambda _request, answer: QUALITY[answer.text.split()[0]], **settings)


def first_fraction(texts, winner, *, calls=600, **settings):
    """In how many calls an answer is first; each has a judge of its own, so that no judge's systematic error decides."""
    judges = [judge(malformed_share=0, seed=seed, **settings) for seed in range(calls)]
    wins = [one.judge(request(texts, seed)).groups[0][0].startswith(winner) for seed, one in enumerate(judges)]
    return sum(wins) / calls


def test_the_same_request_gets_the_same_verdict_and_another_seed_another_one():
    one = request(["good", "bad", "middling"])
    assert judge().judge(one) == judge().judge(one)
    assert len({judge(malformed_share=0).judge(replace(one, seed=seed)).groups for seed in range(60)}) > 2


def test_better_answers_come_first_more_often_under_a_strong_judge():
    strong = first_fraction(["good", "middling"], "good")
    weak = first_fraction(["good", "middling"], "good", strength="weak")
    assert strong > 0.75
    assert 0.5 < weak < strong


def test_an_early_position_helps_and_both_orders_cancel_it():
    one = judge(malformed_share=0, position_bias_factor=10)
    first = Counter()
    for seed in range(200):
        forth = one.judge(request(["good", "middling"], seed)).groups[0]
        back = one.judge(request(["good", "middling"], seed, reverse=True)).groups[0]
        first[forth == back] += 1
    assert first[False] > 150


def test_fractions_are_respected():
    requests = [request(["good", "bad", "middling"], seed) for seed in range(1000)]
    statuses = Counter(judge(malformed_share=0.2).judge(each).status for each in requests)
    assert statuses["malformed"] == pytest.approx(200, abs=50)
    assert judge(refused_share=1.0).judge(requests[0]).status == "refused"
    assert judge(malformed_share=2.0).faults()
    assert judge().faults() == []


def test_an_injection_works_in_its_fraction_of_the_calls():
    texts = ["good", "middling", f"bad {INJECTION}"]
    assert first_fraction(texts, "bad") < 0.1
    assert first_fraction(texts, "bad", injection_share=0.5) == pytest.approx(0.5, abs=0.12)


def test_grades_are_whole_from_1_to_10_and_follow_quality():
    grades = {}
    for text in QUALITY:
        judges = [judge(malformed_share=0, seed=seed) for seed in range(100)]
        verdicts = [one.judge(request([text], mode="score")) for one in judges]
        values = [grade for verdict in verdicts for _, grade in verdict.scores]
        assert set(values) <= set(range(1, 11))
        grades[text] = sum(values) / len(values)
    assert grades["good"] > grades["middling"] > grades["bad"]


def test_without_a_quality_a_right_answer_is_better_on_average():
    one = SimulatedJudge(malformed_share=0)
    rights = [
        one.perceived(each, each.answers[0]) - one.perceived(each, each.answers[1])
        for each in (
            request([f"it is {n}", f"it is {n + 1}"], reference=str(n), question_id=str(n)) for n in range(100)
        )
    ]
    assert sum(rights) / 100 == pytest.approx(2, abs=0.5)


def test_a_pair_of_texts_gets_one_reply_however_often_it_is_asked():
    """Another call, or a copy under another id, brings no new information; the other order may."""
    one = judge(malformed_share=0)

    def winner(first, second, seed):
        pair = request([first, second], seed)
        answers = tuple(AnswerView(f"{seed}/{answer.answer_id}", answer.text) for answer in pair.answers)
        verdict = one.judge(replace(pair, answers=answers))
        return tuple(each.partition("/")[2] for each in verdict.shown), verdict.groups[0][0].partition("/")[2]

    for pair in (("good", "middling"), ("middling", "bad"), ("good", "bad")):
        winners = {}
        for seed in range(40):
            shown, first = winner(*pair, seed)
            winners.setdefault(shown, set()).add(first)
        assert len(winners) == 2
        assert all(len(each) == 1 for each in winners.values())


def test_the_scorer_of_the_questions_decides_what_is_right():
    class Evens:
        version = 1

        def identity(self):
            return {"component": "Evens"}

        def score(self, reply, *, question_id, reference):
            return float(int(reply.split()[-1]) % 2 == 0)

    plain = SimulatedJudge(malformed_share=0, seed=3)
    scored = plain.scored_by(Evens())
    assert scored.identity() != plain.identity() == SimulatedJudge(malformed_share=0, seed=3).identity()
    for number in range(4):
        one = request([f"it is {number}"], reference="1", question_id=str(number))
        difference = scored.perceived(one, one.answers[0]) - plain.perceived(one, one.answers[0])
        assert difference == pytest.approx(2.0 * ((number % 2 == 0) - (number == 1)))
