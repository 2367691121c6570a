"""Judges without a server that count their calls, fail or cost money as a test says."""

import threading
from collections import Counter

from thoughtrank.errors import UserError
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import AnswerView, AttemptFailed, CallLimits, JudgeRequest, Usage, Verdict


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
            raise AttemptFailed(judge="the judge at home", what="HTTP 500", maybe_charged=self.charged)
        return super().judge(request)
