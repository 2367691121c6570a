"""Detects a judge that gives no verdict at all, so that a stage stops before every call is paid for."""

import threading
from collections import Counter

from thoughtrank.judging.protocol import JudgeRequest, ReplyUnusable, Verdict

_CALLS, _QUESTIONS = 12, 5
"""With no verdict in this many new calls, about this many questions, the judge or its settings are wrong, not the answers."""

_SHOWN = 200
"""Characters of a reply that are shown."""


class NoVerdictDetector:
    """Counts calls without a verdict, until the first with one. May be used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._works = False
        self._reasons: Counter[str] = Counter()
        self._questions: set[str] = set()

    def add_known(self, verdict: Verdict) -> None:
        """Add a verdict from the log. One without a ranking does not count: its cause may have been fixed since."""
        self._works = self._works or verdict.status == "ok"

    def add(self, request: JudgeRequest, verdict: Verdict, *, judge: str) -> None:
        """Add the verdict of a new call.

        Args:
            request: of the call.
            verdict: whatever its status.
            judge: its name, for the message.

        Raises:
            ReplyUnusable: there were too many calls without a verdict, and none with one.
        """
        with self._lock:
            self._works = self._works or verdict.status == "ok"
            if self._works:
                return
            self._reasons[f"{verdict.status}: {verdict.reason}" if verdict.reason else verdict.status] += 1
            self._questions.add(request.question_id)
            calls = self._reasons.total()
            if calls < _CALLS or len(self._questions) < _QUESTIONS:
                return
            [(reason, count)] = self._reasons.most_common(1)
            questions = len(self._questions)
        raise ReplyUnusable(
            f"the judge {judge} gave no verdict in any of {calls} calls about {questions} questions; {count} of them: "
            f"{reason}.{_quoted(verdict)} {_advice(reason)} All verdicts so far are kept; run the same command again to resume."
        )


def _quoted(verdict: Verdict) -> str:
    reply = " ".join(verdict.reply.split())
    if not reply:
        return ""
    return f" Its last reply: {reply[:_SHOWN]!r}{' ...' if len(reply) > _SHOWN else ''}."


def _advice(reason: str) -> str:
    """What to change, by the most common reason."""
    if "endless white space" in reason:
        return "Set judge.json_schema=false: with a schema, some servers let a model write white space without end."
    if "max_reply_tokens" in reason:
        return "Raise judge.max_reply_tokens: reasoning counts towards it."
    if reason.startswith("too_long"):
        return "Set judge.context_tokens to the context of the server, so that calls show fewer answers, or raise that context."
    if reason.startswith("refused"):
        return "Choose another judge or model, or other questions."
    return "Read the replies in the verdict log, and change the settings of judge, or choose another model."
