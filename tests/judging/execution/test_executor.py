"""Verdicts of an executor: each paid for once, in order, and kept when calls fail."""

import json
import threading

import pytest
from counting_judges import CountingJudge, FailingJudge, requests

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, JudgeUnavailable, Usage


def test_verdicts_come_in_the_order_of_the_requests_and_are_paid_once(tmp_path):
    log = tmp_path / "deep" / "_verdicts.jsonl"
    judge = CountingJudge(concurrency=4, malformed=["q2"])
    wanted = requests(9)
    with Executor(judge, log) as executor:
        first = executor.ask([*wanted, wanted[0]])
        assert executor.ask(wanted) == first[:-1]
        assert (executor.new_calls, executor.usage) == (9, Usage(8 * 3 + 5, 8 * 4 + 6, 8 * 0.5 + 0.25))
    assert first[0] == first[-1]
    assert [verdict.status for verdict in first[:4]] == ["ok", "ok", "malformed", "ok"]
    with Executor(judge, log) as executor:
        assert executor.ask(wanted) == first[:-1]
        assert (executor.new_calls, executor.usage.cost) == (0, 4.25)
    assert set(judge.seen.values()) == {1}
    records = [json.loads(line) for line in log.read_text().split("\n")[:-1]]
    assert set(records[0]) == {
        *("key", "question_id", "answer_ids", "seed", "mode", "reverse", "price_per_million", "status"),
        *("groups", "reason", "usage", "model", "prompt_hash", "reply", "scores", "shown", "prompt"),
    }


def test_on_verdict_is_called_for_every_call_in_the_callers_thread(tmp_path):
    seen = []

    def on_verdict(request, verdict):
        assert threading.current_thread() is threading.main_thread()
        seen.append((request.question_id, verdict.status))

    with Executor(CountingJudge(concurrency=3), tmp_path / "log") as executor:
        executor.ask(requests(2))
        executor.ask(requests(5), on_verdict=on_verdict)
    assert sorted(seen) == [(f"q{index}", "ok") for index in range(5)]


@pytest.mark.parametrize("change", ["seed", "question_id", "question", "reference", "answers", "mode", "reverse"])
def test_another_request_is_another_call(tmp_path, change):
    answers = (AnswerView("a", "x"), AnswerView("b", "y"))
    base = {"question_id": "q", "question": "?", "answers": answers, "reference": None, "seed": 1}
    other = {
        "seed": 2,
        "question_id": "r",
        "question": "!",
        "reference": "x",
        "answers": answers[::-1],
        "mode": "score",
        "reverse": True,
    }
    with Executor(CountingJudge(), tmp_path / "log") as executor:
        executor.ask([JudgeRequest(**base), JudgeRequest(**(base | {change: other[change]}))])
        assert executor.new_calls == 2


def test_another_judge_is_another_call(tmp_path):
    for label in ("one", "two"):
        with Executor(CountingJudge(label=label), tmp_path / "log") as executor:
            executor.ask(requests(1))
            assert executor.new_calls == 1


def test_calls_in_flight_are_kept_when_one_fails(tmp_path):
    barrier = threading.Barrier(3)

    class Meeting(CountingJudge):
        def judge(self, request):
            barrier.wait(timeout=60)  # all three are in flight when q0 fails
            return super().judge(request)

    judge = Meeting(concurrency=3, fails=["q0"])
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(UserError, match="gone"):
        executor.ask(requests(30))
    barrier.abort()
    assert sum(judge.seen.values()) == 3
    judge = CountingJudge()
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(30))
    assert set(judge.seen) == {f"q{index}" for index in range(30)} - {"q1", "q2"}


def test_an_interrupt_of_the_caller_keeps_what_was_paid(tmp_path):
    def interrupt(_request, _verdict):
        raise KeyboardInterrupt

    judge = CountingJudge(concurrency=2)
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(KeyboardInterrupt):
        executor.ask(requests(50), on_verdict=interrupt)
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(50))
    assert set(judge.seen.values()) == {1}


def test_grades_come_back_from_the_log(tmp_path):
    request = JudgeRequest("q", "Well?", (AnswerView("a", "yes"),), None, seed=1, mode="score")
    for _ in range(2):
        with Executor(FakeJudge(), tmp_path / "log") as executor:
            (verdict,) = executor.ask([request])
        assert verdict == FakeJudge().judge(request)
        ((answer_id, grade),) = verdict.scores
        assert answer_id == "a"
        assert 1 <= grade <= 10


def test_an_attempt_that_fails_is_made_again(tmp_path):
    judge = FailingJudge(failures={"q1": 2})
    with Executor(judge, tmp_path / "log") as executor:
        assert [verdict.status for verdict in executor.ask(requests(3))] == ["ok"] * 3
    assert judge.seen["attempts"] == 5


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_call_that_fails_while_others_succeed_is_an_error_with_a_reason(tmp_path, concurrency):
    seen = []
    judge = FailingJudge(failures={"q1": 99}, concurrency=concurrency)
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(1))
        verdicts = executor.ask(requests(20), on_verdict=lambda request, verdict: seen.append(request.question_id))
        assert [verdict.status for verdict in verdicts] == ["ok", "error", *["ok"] * 18]
        assert "HTTP 500" in verdicts[1].reason
        assert executor.ask(requests(20)) == verdicts
    assert len(seen) == 20


def test_when_nothing_succeeds_any_more_the_run_stops_and_nothing_is_given_up(tmp_path):
    down = {f"q{index}": 99 for index in range(2, 9)}
    judge = FailingJudge(failures=down)
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(JudgeUnavailable, match="the judge at home"):
        executor.ask(requests(9))
    assert judge.seen["attempts"] == 2 + 3 * 3
    judge.failures.clear()
    with Executor(judge, tmp_path / "log") as executor:
        assert [verdict.status for verdict in executor.ask(requests(9))] == ["ok"] * 9


def test_a_failure_after_which_nothing_came_back_stays_open(tmp_path):
    judge = FailingJudge(failures={"q2": 99})
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(JudgeUnavailable):
        executor.ask(requests(3))
    judge.failures.clear()
    with Executor(judge, tmp_path / "log") as executor:
        assert executor.ask(requests(3))[2].status == "ok"
