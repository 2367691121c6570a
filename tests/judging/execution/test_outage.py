import pytest

from thoughtrank.judging.execution.outage import OutageDetector
from thoughtrank.judging.protocol import AnswerView, AttemptFailed, JudgeRequest, JudgeUnavailable

REQUEST = JudgeRequest("q", "?", (AnswerView("a", "x"),), None, seed=1)


def failure(what="HTTP 500"):
    return AttemptFailed(judge="the judge at home", what=what)


def test_three_failures_without_a_reply_in_between_are_an_outage():
    outage = OutageDetector()
    outage.add("1", REQUEST, failure())
    outage.add("2", REQUEST, failure())
    with pytest.raises(JudgeUnavailable, match="the judge at home is not available: HTTP 503"):
        outage.add("3", REQUEST, failure("HTTP 503"))


def test_a_reply_returns_the_failed_calls_and_starts_over():
    outage = OutageDetector()
    outage.add("1", REQUEST, failure())
    outage.add("2", REQUEST, failure())
    assert [key for key, _, _ in outage.reset()] == ["1", "2"]
    assert outage.reset() == []
    outage.add("3", REQUEST, failure())
    outage.add("4", REQUEST, failure())


def test_a_single_failure_at_the_end_is_reported():
    outage = OutageDetector()
    outage.raise_if_failed()
    outage.add("1", REQUEST, failure("timed out"))
    with pytest.raises(JudgeUnavailable, match="timed out"):
        outage.raise_if_failed()
