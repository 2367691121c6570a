"""A server that fails in 30 % of all requests: nothing is lost, nothing is paid twice, and the counts agree."""

import json
from collections import Counter

import pytest
from fault_server import FAULTS, FaultServer

from thoughtrank.judging.execution.budget import BudgetReached
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.protocol import AnswerView, Usage
from thoughtrank.rankers.listwise_groups import ListwiseGroups
from thoughtrank.rankers.rank_questions import AnsweredQuestion, rank_questions

TIMEOUT = 0.5
"""Seconds. Only the fault "timeout" waits for it; a reply that is late for another reason counts as lost too."""
QUESTIONS = [
    AnsweredQuestion(
        question_id=f"q{number}",
        question=f"Question {number}?",
        answers=tuple(AnswerView(f"{number}-{index}", f"{number}: answer {index:02}") for index in range(12)),
        reference=None,
        seed=number,
    )
    for number in range(24)
]


@pytest.fixture
def server():
    running = FaultServer(fraction=0.3, seed=5)
    yield running
    running.close()


def judge_at(server, **settings):
    defaults = {"model": "m", "base_url": server.url, "api_key_env": None, "max_retries": 8, "concurrency": 8}
    defaults |= {
        "timeout_seconds": TIMEOUT,
        "price_per_million": [10.0, 10.0],
        "budget": 100.0,
        "max_reply_tokens": 10,
    }
    return OpenAICompatibleJudge(**(defaults | settings))


def ranked(server, log, *, looks=1):
    with Executor(judge_at(server), log) as executor:
        results = rank_questions(QUESTIONS, ranker=ListwiseGroups(group_size=4, looks=looks), executor=executor)
        return results, executor.usage, executor.lost_cost


def test_every_question_ends_ranked_or_unranked_with_a_reason_and_the_counts_agree(server, tmp_path):
    log = tmp_path / "_verdicts.jsonl"
    results, usage, lost_cost = ranked(server, log)
    asked = server.counted()
    assert set(server.faults) == {"none", *FAULTS}
    for question, result in zip(QUESTIONS, results, strict=True):
        placed = [answer_id for group in result.groups for answer_id in group]
        assert sorted([*placed, *result.unranked]) == sorted(answer.answer_id for answer in question.answers)
        assert all(result.unranked.values())
        assert result.groups
    # Nothing is paid twice, and the log has what the server says it delivered.
    assert len(set(server.billed)) == len(server.billed)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    usages = {record["prompt"]: Usage(**record["usage"]) for record in records if record["prompt"]}
    assert set(usages) == set(server.billed)
    assert all(each == Usage(1000, 10, pytest.approx(0.0101)) for each in usages.values())
    assert usage.prompt_tokens == sum(each.prompt_tokens for each in usages.values())
    assert usage.cost == pytest.approx(sum(each.cost for each in usages.values()))
    # Attempts that may have been billed are reserved at their upper bound, one by one.
    lines = (tmp_path / "_reservations.jsonl").read_text().splitlines()
    reserved = [json.loads(line)["reserved"] for line in lines if line]
    began, ended = sum(amount > 0 for amount in reserved), sum(amount < 0 for amount in reserved)
    assert began - ended == server.lost > 0
    assert lost_cost > 0
    # Once more from the log: the same ranking, and not one request.
    assert ranked(server, log)[0] == results
    assert len(server.received) == asked


def test_what_is_ranked_is_ranked_right(server, tmp_path):
    # Three calls each: after one, the winners of two groups are not compared.
    log = tmp_path / "_verdicts.jsonl"
    results, _, _ = ranked(server, log, looks=3)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    verdicts = [record for record in records if record["status"] == "ok"]
    # No fault became a ranking: each of them is the server's honest one of all answers that were shown.
    assert all(
        [[each] for each in sorted(record["answer_ids"], key=position)] == record["groups"] for record in verdicts
    )
    # Which calls are lost is chance. A question with all three calls about each answer is ordered by its answers.
    counts = Counter(each for record in verdicts for each in record["answer_ids"] if len(record["answer_ids"]) == 4)
    complete = [
        result
        for question, result in zip(QUESTIONS, results, strict=True)
        if all(counts[answer.answer_id] == 3 for answer in question.answers)
    ]
    assert complete
    for result in complete:
        order = [position(each) for group in result.groups for each in group]
        assert 0 in order[:3]
        assert {10, 11} & set(order[-3:])


def position(answer_id):
    """Where the honest judge has this answer."""
    return int(answer_id.partition("-")[2])


@pytest.mark.parametrize("seed", [1, 2])
def test_no_fault_makes_a_run_spend_more_than_its_budget(tmp_path, seed):
    server = FaultServer(fraction=0.3, seed=seed)
    try:
        judge = judge_at(server, budget=0.6)
        with Executor(judge, tmp_path / "log") as executor, pytest.raises(BudgetReached):
            rank_questions(QUESTIONS, ranker=ListwiseGroups(group_size=4, looks=1), executor=executor)
        server.counted()
        # By the server's own counts, and with every lost reply charged.
        assert (len(server.billed) + server.lost) * 0.0101 <= 0.6
        assert len(server.billed) >= 20
    finally:
        server.close()
