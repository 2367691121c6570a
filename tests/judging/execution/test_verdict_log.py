import json
import tracemalloc
from dataclasses import replace

import pytest

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.verdict_log import VerdictLog
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Usage, Verdict

REQUEST = JudgeRequest("q", "?", (AnswerView("a", "x"), AnswerView("b", "y")), None, seed=7, reverse=True)
VERDICT = Verdict(
    "ok",
    groups=(("b",), ("a",)),
    usage=Usage(10, 2, 0.5),
    model="m",
    prompt_hash="h",
    reply="B > A",
    shown=("a", "b"),
    prompt="Rank.",
)


def opened(path, *keys):
    """A log with one verdict for each key."""
    log = VerdictLog(path, price=(1.0, 2.0))
    for key in keys:
        log.append(key=key, request=REQUEST, verdict=VERDICT)
    return log


def test_a_verdict_comes_back_without_its_prompt(tmp_path):
    path = tmp_path / "new" / "_verdicts.jsonl"
    opened(path, "k").close()
    log = VerdictLog(path)
    assert "k" in log
    assert log["k"] == log.get("k")
    assert log["k"].prompt == ""
    assert (log["k"].groups, log["k"].shown, log["k"].reply) == (VERDICT.groups, VERDICT.shown, VERDICT.reply)
    assert log.get("unknown") is None
    log.close()


def test_a_line_records_the_request_and_the_price(tmp_path):
    opened(tmp_path / "log", "k").close()
    record = json.loads((tmp_path / "log").read_text())
    assert (record["key"], record["question_id"], record["answer_ids"]) == ("k", "q", ["a", "b"])
    assert (record["seed"], record["mode"], record["reverse"]) == (7, "rank", True)
    assert record["price_per_million"] == [1.0, 2.0]
    assert record["prompt"] == "Rank."


def test_the_usage_covers_earlier_sessions_and_appended_only_this_one(tmp_path):
    opened(tmp_path / "log", "a", "b").close()
    log = opened(tmp_path / "log", "c")
    assert log.usage == Usage(30, 6, 1.5)
    assert log.appended == 1
    log.close()


def test_verdicts_from_before_the_price_was_known_cost_what_it_says_now(tmp_path):
    path = tmp_path / "log"
    unpriced = replace(VERDICT, usage=Usage(1000, 100))
    log = VerdictLog(path)
    log.append(key="a", request=REQUEST, verdict=unpriced)
    assert (log.usage, log.unpriced) == (Usage(1000, 100), Usage(1000, 100))
    log.close()
    for price, cost in ((None, 0.0), ((10.0, 20.0), 0.012), ((1.0, 2.0), 0.0012)):
        log = VerdictLog(path, price=price)
        assert log.usage == log["a"].usage == Usage(1000, 100, pytest.approx(cost))
        assert log.unpriced == (Usage() if price else Usage(1000, 100))
        log.close()
    log = VerdictLog(path, price=(1.0, 2.0))
    log.append(key="b", request=REQUEST, verdict=replace(VERDICT, usage=Usage(1000, 100, 0.0012)))
    log.close()
    # A price that was known stays.
    log = VerdictLog(path, price=(10.0, 20.0))
    assert (log["b"].usage.cost, log.usage.cost) == (0.0012, pytest.approx(0.0132))
    log.close()
    log = VerdictLog(path)
    assert (log.usage.cost, log.unpriced) == (0.0012, Usage(1000, 100))
    log.close()


def test_a_cost_that_a_judge_states_without_a_price_is_kept(tmp_path):
    path = tmp_path / "log"
    log = VerdictLog(path)
    log.append(key="a", request=REQUEST, verdict=VERDICT)
    log.close()
    log = VerdictLog(path, price=(1.0, 2.0))
    assert (log.usage, log.unpriced) == (VERDICT.usage, Usage())
    log.close()


def test_a_negative_cost_that_a_former_version_recorded_counts_as_nothing(tmp_path):
    path = tmp_path / "log"
    opened(path, "a", "b").close()
    first, second = path.read_text().splitlines()
    path.write_text(f"{first.replace('0.5', '-330.0')}\n{second}\n")
    log = VerdictLog(path)
    assert log.usage == Usage(10, 2, 0.5)
    assert log["a"].groups == VERDICT.groups
    log.close()


def test_a_torn_last_line_is_removed_and_overwritten(tmp_path):
    path = tmp_path / "log"
    opened(path, "a", "b").close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    log = VerdictLog(path)
    assert ("a" in log, "b" in log) == (True, False)
    assert path.read_bytes() == whole[: whole.index(b"\n") + 1]
    log.close()
    opened(path, "b").close()
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "b"]


def test_a_line_that_lacks_only_its_newline_counts(tmp_path):
    path = tmp_path / "log"
    opened(path, "a").close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    log = VerdictLog(path)
    assert "a" in log
    log.close()
    assert path.read_bytes() == whole


def test_a_spoilt_line_in_the_middle_is_reported_with_its_number(tmp_path):
    path = tmp_path / "log"
    opened(path, "a", "b").close()
    path.write_text(f"not json\n{path.read_text()}")
    with pytest.raises(UserError, match="line 1 is no verdict"):
        VerdictLog(path)


@pytest.mark.parametrize("price", ["[]", "[1.0]", "1.0"])
def test_a_price_that_is_none_is_reported_as_a_spoilt_line(tmp_path, price):
    path = tmp_path / "log"
    opened(path, "a").close()
    path.write_text(path.read_text().replace("[1.0, 2.0]", price))
    with pytest.raises(UserError, match="line 1 is no verdict"):
        VerdictLog(path)


def test_closing_twice_is_harmless(tmp_path):
    log = opened(tmp_path / "log")
    log.close()
    log.close()


def test_verdicts_stay_on_disk_whatever_the_length_of_their_replies(tmp_path):
    long = replace(VERDICT, reply="because " * 10_000, prompt="Rank. " * 10_000)
    log = VerdictLog(tmp_path / "log")
    tracemalloc.start()
    try:
        for number in range(100):
            log.append(key=f"k{number}", request=REQUEST, verdict=long)
        held, _ = tracemalloc.get_traced_memory()
        assert held < 100 * 1000
        assert log["k7"] == replace(long, prompt="")
        log.close()
        log = VerdictLog(tmp_path / "log")
        assert tracemalloc.get_traced_memory()[0] < 2 * 100 * 1000
    finally:
        tracemalloc.stop()
    assert log["k99"].reply == long.reply
    log.close()


def test_the_last_of_two_verdicts_on_one_call_counts(tmp_path):
    log = opened(tmp_path / "log", "a", "b")
    log.append(key="a", request=REQUEST, verdict=replace(VERDICT, reply="A > B"))
    assert (log["a"].reply, log["b"].reply) == ("A > B", "B > A")
    log.close()
    log = VerdictLog(tmp_path / "log")
    assert (log["a"].reply, log["b"].reply) == ("A > B", "B > A")
    log.close()
