"""Two replies to each question, compared by the judge that calls a chat server on this machine."""

import json
import shutil
from dataclasses import replace

import pytest
from openai_server import OpenAIServer, Scripted, completion, error
from served_judge import KEY, judge_at

from thoughtrank.errors import UserError
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.win_rates import JudgedPair
from thoughtrank.judging.execution.budget import BudgetReached
from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.stages.win_rates import Replies, WinRates, figures
from thoughtrank.storage.tables import read_table

# The server prefers what comes first in the alphabet.
FIRST = {"q0": "apple", "q1": "cherry", "q2": "banana ", "q3": "fig", "q4": None}
SECOND = {"q0": "banana", "q1": "apricot", "q2": " banana", "q3": "", "q4": ""}
SCORES = {"q0": 1.0, "q1": 0.0, "q2": 0.5, "q3": 1.0, "q4": 0.5}
ASKED = 2 * 2
"""Two pairs in two orders: the other answers are equal, or empty."""


def reply(question_id, arm, answer):
    return HeldOutReply(
        question_id=question_id,
        family=None,
        unseen=False,
        arm=arm,
        reply=f"<thought>zqcanary</thought>{answer}",
        answer=answer,
        right=None,
        thought_well_formed=True,
        reply_tokens=3,
        reply_finish="stop",
        thought="zqcanary",
    )


def spending_of(store, limit=None):
    """Of an attempt that begins."""
    return RunSpending(limit=limit, store=store)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = OpenAIServer()
    yield server
    server.close()


@pytest.fixture
def stage(store, questions, finished, server):
    rows = [reply(each, "thought", answer) for each, answer in FIRST.items()]
    rows += [reply(each, "room_to_reason", answer) for each, answer in SECOND.items()]
    table = finished("evaluations", rows, record_type=HeldOutReply, published=store.paths.replies(1))
    return WinRates(
        name="round 1 thought vs room to reason",
        published=store.paths.win_rates(1, "thought_vs_room_to_reason"),
        questions=[replace(each, answer=None) for each in questions],
        first=Replies(table=table, arm="thought"),
        second=Replies(table=table, arm="room_to_reason"),
        judge=judge_at(server, price_per_million=(10, 10), max_reply_tokens=100, concurrency=1, max_retries=0),
        spending=spending_of(store),
        seed=0,
    )


def rows_of(artifact):
    return {row.question_id: row for row in read_table(artifact.folder, JudgedPair)}


def test_every_pair_is_shown_in_both_orders_and_the_scores_are_those_of_the_first_reply(stage, store, server):
    artifact = store.complete(stage)
    rows = rows_of(artifact)
    assert {each: row.score for each, row in rows.items()} == SCORES
    assert (rows["q0"].in_order, rows["q0"].reversed_order, rows["q0"].reason) == (1.0, 1.0, None)
    assert (rows["q0"].length, rows["q0"].against_length) == (5, 6)
    assert len(server.received) == ASKED
    of_q0 = [body["messages"][0]["content"] for body in server.bodies if "What is 0 + 1?" in json.dumps(body)]
    assert len(of_q0) == 2
    assert sorted(prompt.index("apple") < prompt.index("banana") for prompt in of_q0) == [False, True]


def test_equal_answers_tie_and_empty_ones_lose_without_a_call(stage, store):
    rows = rows_of(store.complete(stage))
    assert rows["q2"].reason == "equal answers"
    assert rows["q3"].reason == "second: empty answer"
    assert rows["q4"].reason == "equal answers"
    assert all(rows[each].in_order is None for each in ("q2", "q3", "q4"))


def test_the_judge_sees_no_thought_and_nothing_of_where_an_answer_comes_from(stage, store, server):
    store.complete(stage)
    received = b"".join(server.received)
    assert b"BEGIN ANSWER" in received
    assert not [each for each in (b"zqcanary", b"thought>", b"room_to_reason", b"round", b"q0") if each in received]


def test_a_judge_that_always_prefers_the_first_answer_shown_makes_every_pair_a_tie(stage, store, server):
    labels = '{"ranking": [["A"], ["B"]]}'
    server.script.extend(Scripted(body=completion(labels)) for _ in range(ASKED))
    rows = rows_of(store.complete(stage))
    assert (rows["q0"].score, rows["q1"].score) == (0.5, 0.5)
    assert {rows["q0"].in_order, rows["q0"].reversed_order} == {0.0, 1.0}


def test_an_order_without_a_verdict_does_not_count_and_a_pair_without_one_is_left_out(stage, store, server):
    server.script.extend(Scripted(body=completion("no ranking")) for _ in range(3))
    artifact = store.complete(stage)
    rows = rows_of(artifact)
    assert (rows["q0"].score, rows["q0"].in_order, rows["q0"].reversed_order) == (None, None, None)
    assert rows["q0"].reason
    assert (rows["q1"].score, rows["q1"].in_order, rows["q1"].reversed_order) == (0.0, None, 0.0)
    assert (artifact.facts["n"], artifact.facts["unjudged"]) == (4, 1)


def test_the_facts_have_the_win_rate_and_what_it_cost(stage, store):
    facts = store.complete(stage).facts
    assert facts["win_rate"] == pytest.approx(sum(SCORES.values()) / 5)
    assert (facts["n"], facts["wins"], facts["ties"], facts["losses"]) == (5, 2, 2, 1)
    assert facts["judge_tokens"] == ASKED * 1010
    assert facts["judge_cost"] == pytest.approx(ASKED * 0.0101)
    assert facts["judge_unpriced_tokens"] == [0, 0]
    unwanted = {"judge_lost_cost", "judge_unpriced_tokens", "judge_raised_bounds", "judge_account"}
    assert not unwanted & figures(facts).keys()
    assert figures(facts)["length_controlled"] == facts["length_controlled"]


def test_the_tokens_of_an_unknown_price_are_paid_for_when_it_is_known(stage, store, server):
    unpriced = replace(stage, judge=judge_at(server, max_reply_tokens=100), spending=spending_of(store))
    facts = store.complete(unpriced).facts
    assert (facts["judge_cost"], facts["judge_unpriced_tokens"]) == (0.0, [ASKED * 1000, ASKED * 10])
    priced = replace(stage, spending=spending_of(store))
    store.complete(priced)
    assert (len(server.received), priced.spending.budget.spent) == (ASKED, pytest.approx(ASKED * 0.0101))
    assert spending_of(store).budget.spent == pytest.approx(ASKED * 0.0101)


def test_a_server_that_fails_half_way_loses_nothing_and_nothing_is_paid_twice(stage, store, server):
    honest = server.serve

    def serve_then_fail(handler):
        if len(server.received) >= 2:
            server.script.append(Scripted(status=503, body=error("overloaded")))
        honest(handler)

    server.serve = serve_then_fail
    with pytest.raises(UserError):
        store.complete(stage)
    server.serve = honest
    server.script.clear()
    artifact = store.complete(stage)
    assert {each: row.score for each, row in rows_of(artifact).items()} == SCORES
    assert artifact.facts["judge_tokens"] == ASKED * 1010
    verdicts = (artifact.folder / "_verdicts.jsonl").read_text().splitlines()
    assert len(verdicts) == ASKED


def test_the_budget_of_the_run_ends_it_and_raising_it_resumes(stage, store, server):
    tight = replace(stage, spending=spending_of(store, 0.025))
    with pytest.raises(BudgetReached, match="round 1 thought vs room to reason: at least 0 of 5 pairs"):
        store.complete(tight)
    asked = len(server.received)
    assert 0 < asked < ASKED
    store.complete(stage)
    assert len(server.received) == ASKED
    assert stage.spending.budget.spent == pytest.approx(ASKED * 0.0101)


def test_a_finished_comparison_counts_against_the_budget_and_makes_no_call(stage, store, server):
    store.complete(stage)
    again = replace(stage, spending=spending_of(store))
    store.complete(again)
    assert len(server.received) == ASKED
    assert again.spending.budget.spent == pytest.approx(ASKED * 0.0101)


def test_only_questions_with_both_replies_are_compared(stage, store):
    fewer = replace(stage, questions=[*stage.questions[:2], replace(stage.questions[0], question_id="elsewhere")])
    assert set(rows_of(store.complete(fewer))) == {"q0", "q1"}


def test_the_same_comparison_on_more_questions_takes_its_place_and_pays_only_for_those(stage, store, server):
    few = replace(stage, questions=stage.questions[:1], spending=spending_of(store))
    store.complete(few)
    assert len(server.received) == 2
    many = replace(stage, spending=spending_of(store))
    artifact = store.complete(many)
    assert {each: row.score for each, row in rows_of(artifact).items()} == SCORES
    assert len(server.received) == ASKED
    assert artifact.facts["judge_cost"] == pytest.approx(ASKED * 0.0101)
    assert many.spending.budget.spent == pytest.approx(ASKED * 0.0101)


def test_on_fewer_questions_again_it_costs_nothing_and_nothing_that_was_spent_is_forgotten(stage, store, server):
    few = replace(stage, questions=stage.questions[:1])
    for each in (few, stage, few, stage):
        artifact = store.complete(replace(each, spending=spending_of(store)))
        assert len(rows_of(artifact)) == len(each.questions)
    assert len(server.received) == ASKED
    shutil.rmtree(store.cache_folder / "win_rates")
    artifact = store.complete(replace(few, spending=spending_of(store)))
    assert len(server.received) == ASKED
    assert artifact.facts["judge_cost"] == pytest.approx(2 * 0.0101)
    assert spending_of(store).budget.spent == pytest.approx(ASKED * 0.0101)


@pytest.mark.parametrize("change", [{"seed": 1}, {"first": "second"}])
def test_another_comparison_takes_no_place(stage, store, change):
    store.complete(stage)
    if change == {"first": "second"}:
        change = {"first": stage.second}
    with pytest.raises(UserError, match="was made from other inputs"):
        store.complete(replace(stage, **change))


@pytest.mark.parametrize("change", [{"seed": 1}, {"questions": ()}, {"first": "second"}])
def test_other_replies_questions_or_seeds_are_another_comparison(stage, store, change):
    if change == {"first": "second"}:
        change = {"first": stage.second}
    assert store.artifact(replace(stage, **change)).key != store.artifact(stage).key
