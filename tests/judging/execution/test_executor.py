import json
import threading
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.budget import Budget, BudgetReached
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import (
    AnswerView,
    AttemptFailed,
    CallLimits,
    JudgeRequest,
    JudgeUnavailable,
    Usage,
    Verdict,
)
from thoughtrank.storage import line_log

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def requests(count):
    answers = (AnswerView("a", "yes\u2028\ud800é"), AnswerView("b", "no"))
    return [JudgeRequest(f"q{index}", "Well?", answers, None, seed=index) for index in range(count)]


class CountingJudge(FakeJudge):
    """Counts its requests; fails, or has another outcome, for the given question ids."""

    def __init__(self, *, concurrency=1, fails=(), malformed=(), label="counting"):
        self.concurrency = concurrency
        self.fails = set(fails)
        self.malformed = set(malformed)
        self.label = label
        self.seen = Counter()
        self._lock = threading.Lock()

    def identity(self):
        return {"judge": self.label}

    def judge(self, request):
        with self._lock:
            self.seen[request.question_id] += 1
        if request.question_id in self.fails:
            raise UserError("the judge is gone")
        if request.question_id in self.malformed:
            return Verdict("malformed", reason="prose", usage=Usage(5, 6, 0.25), model="m", reply="B \ud800\n is best")
        return Verdict("ok", groups=(("b",), ("a",)), usage=Usage(3, 4, 0.5), model="m", prompt_hash="h", reply="{}")


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


@pytest.fixture(scope="module")
def full_log(tmp_path_factory):
    path = tmp_path_factory.mktemp("full") / "log"
    with Executor(CountingJudge(malformed=["q1"]), path) as executor:
        verdicts = executor.ask(requests(4))
    return path.read_bytes(), verdicts


@QUICK
@given(data=st.data())
def test_any_prefix_of_the_log_resumes(full_log, tmp_path, data):
    content, expected = full_log
    path = tmp_path / "log"
    ends = [index for index, byte in enumerate(content) if byte == ord("\n")]
    near = st.sampled_from(ends).flatmap(lambda end: st.integers(max(0, end - 1), min(len(content), end + 2)))
    length = data.draw(st.integers(0, len(content)) | near)
    path.write_bytes(content[:length])
    judge = CountingJudge(malformed=["q1"])
    with Executor(judge, path) as executor:
        assert executor.ask(requests(4)) == expected
    complete = sum(end <= length for end in ends)  # a line that lacks only its newline is complete
    assert judge.seen == Counter(f"q{index}" for index in range(complete, 4))
    assert path.read_bytes() == content


def test_a_line_that_is_no_verdict_is_not_guessed_at(full_log, tmp_path):
    content, _ = full_log
    lines = content.split(b"\n")
    path = tmp_path / "log"
    for spoilt in (b"", b"{}", b"[1]", b"\xff", lines[1][:-5]):
        path.write_bytes(b"\n".join([lines[0], spoilt, lines[2], b""]))
        with pytest.raises(UserError, match="line 2"):
            Executor(FakeJudge(), path)


def test_a_full_disk_leaves_no_part_of_a_line(tmp_path, monkeypatch):
    path = tmp_path / "log"
    real = line_log.os.pwrite
    calls = []

    def nearly_full(file, data, offset):
        calls.append(len(data))
        if len(calls) == 2:
            return real(file, data[:10], offset)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(file, data, offset)

    monkeypatch.setattr(line_log.os, "pwrite", nearly_full)
    with Executor(CountingJudge(), path) as executor:
        with pytest.raises(UserError, match="No space left"):
            executor.ask(requests(2))
        assert path.read_bytes().count(b"\n") == 1
        assert path.read_bytes().endswith(b"\n")
        assert len(executor.ask(requests(2))) == 2


class FailingJudge(CountingJudge):
    """A remote judge: an attempt costs 3 + 4 tokens and $0.5, and fails as often as ``failures`` says for a question."""

    audit_share = 0.0

    def __init__(self, *, failures=(), charged=False, limits=None, **settings):
        super().__init__(**settings)
        self.failures = Counter(dict(failures))
        self.charged = charged
        self.limits = limits or CallLimits(max_retries=2)

    def upper_bound(self, request):
        return Usage(10, 10, 1.0)

    def judge(self, request):
        with self._lock:
            fails = self.failures[request.question_id] > 0
            self.failures[request.question_id] -= 1
            self.seen["attempts"] += 1
        if fails:
            raise AttemptFailed(judge="the judge at home", what="HTTP 500", retry_after=0.0, maybe_charged=self.charged)
        return super().judge(request)


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


@pytest.mark.parametrize("concurrency", [1, 5])
def test_at_the_cap_the_run_stops_and_resumes_when_it_is_raised(tmp_path, concurrency):
    judge = FailingJudge(limits=CallLimits(budget=4.2), concurrency=concurrency)
    with Executor(judge, tmp_path / "log") as executor:
        with pytest.raises(BudgetReached, match=r"judge\.budget=4\.2 is reached.*\$3\.5000"):
            executor.ask(requests(20))
        assert executor.usage.cost == 3.5
        assert executor.known(requests(1)[0]) is not None
        assert executor.known(requests(20)[-1]) is None
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(BudgetReached):
        executor.ask(requests(20))
    judge.limits = CallLimits(budget=10.6)
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(20))
        assert executor.usage.cost == 10.0
    assert judge.seen["attempts"] == 20


def test_one_budget_serves_all_rounds(tmp_path):
    judge, budget = FailingJudge(), Budget(2.2)
    with Executor(judge, tmp_path / "1" / "log", budget=budget) as executor:
        executor.ask(requests(2))
    with Executor(judge, tmp_path / "2" / "log", budget=budget) as executor, pytest.raises(BudgetReached):
        executor.ask(requests(4))
    assert judge.seen["attempts"] == 3


def test_a_reply_that_was_lost_counts_as_paid_for(tmp_path):
    judge = FailingJudge(failures={"q0": 2}, charged=True, limits=CallLimits(budget=3.6, max_retries=2))
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(2))
        assert (executor.usage.cost, executor.lost_cost) == (1.0, 2.0)
        with pytest.raises(BudgetReached):
            executor.ask(requests(3))
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(BudgetReached, match=r"\$3\.0000"):
        executor.ask(requests(3))


def test_a_failure_that_cost_nothing_gives_its_money_back(tmp_path):
    judge = FailingJudge(failures={"q0": 2}, limits=CallLimits(budget=1.0, max_retries=2))
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(1))
        assert (executor.usage.cost, executor.lost_cost) == (0.5, 0.0)
