import pytest

from thoughtrank.judging.execution.outage import FailedCall, OutageDetector
from thoughtrank.judging.protocol import AnswerView, AttemptFailed, JudgeRequest, JudgeUnavailable

REQUEST = JudgeRequest("q", "?", (AnswerView("a", "x"),), None, seed=1)


def failed(key, what="HTTP 500", *, maybe_charged=True):
    failure = AttemptFailed(judge="the judge at home", what=what, maybe_charged=maybe_charged)
    return FailedCall(key, REQUEST, failure)


def test_three_failures_without_a_reply_in_between_are_an_outage():
    outage = OutageDetector()
    outage.add(failed("1"))
    outage.add(failed("2"))
    with pytest.raises(JudgeUnavailable, match="the judge at home is not available: HTTP 503"):
        outage.add(failed("3", "HTTP 503"))


def test_a_reply_returns_the_failed_calls_and_starts_over():
    outage = OutageDetector()
    outage.add(failed("1"))
    outage.add(failed("2"))
    assert [call.key for call in outage.reset()] == ["1", "2"]
    assert outage.reset() == []
    outage.add(failed("3"))
    outage.add(failed("4"))


def test_a_single_failure_at_the_end_is_reported_as_what_may_be_due_to_the_call():
    outage = OutageDetector()
    outage.raise_if_failed()
    outage.add(failed("1", "timed out"))
    with pytest.raises(JudgeUnavailable) as caught:
        outage.raise_if_failed()
    assert str(caught.value) == (
        "the judge at home did not reply to the last call in any attempt: timed out. Either it is not available, or it fails "
        "on what it is sent there. All verdicts so far are kept; run the same command again to resume: a call that fails again "
        "is then logged as an error, and its answers are unranked."
    )
    outage.add(failed("2"))
    with pytest.raises(JudgeUnavailable, match="did not reply to the last 2 calls"):
        outage.raise_if_failed()


def test_a_server_that_turns_requests_away_is_not_available():
    outage = OutageDetector()
    outage.add(failed("1"))
    outage.add(failed("2", "HTTP 429", maybe_charged=False))
    with pytest.raises(JudgeUnavailable, match="the judge at home is not available: HTTP 500"):
        outage.raise_if_failed()
