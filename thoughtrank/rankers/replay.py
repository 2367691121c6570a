"""The calls of a ranking again: recorded while they are made, or repeated from logged verdicts without any request."""

from collections.abc import Callable, Iterator, Sequence

from thoughtrank.judging.protocol import Judge, JudgeRequest, Verdict
from thoughtrank.rankers.protocol import Ranker
from thoughtrank.rankers.rank_questions import AnsweredQuestion, CallExecutor, rank_questions

JudgedCall = tuple[JudgeRequest, Verdict]
OnVerdict = Callable[[JudgeRequest, Verdict], None]


class RecordedCalls:
    """Passes requests on, and keeps them with their verdicts until they are taken.

    Args:
        executor: makes the calls.
    """

    def __init__(self, executor: CallExecutor) -> None:
        self.judge: Judge = executor.judge
        self._executor = executor
        self._calls: dict[JudgeRequest, Verdict] = {}

    def ask(self, requests: Sequence[JudgeRequest], *, on_verdict: OnVerdict | None = None) -> list[Verdict]:
        """See ``CallExecutor``."""
        verdicts = self._executor.ask(requests, on_verdict=on_verdict)
        self._calls.update(zip(requests, verdicts, strict=True))
        return verdicts

    def take(self) -> list[JudgedCall]:
        """The calls since the last time, each once, in the order in which they were asked for."""
        calls, self._calls = self._calls, {}
        return list(calls.items())


class NotLogged(Exception):
    """A judge call has no verdict in the log."""


class LoggedVerdicts:
    """Answers judge calls from the log only.

    Args:
        judge: whose verdicts they are.
        known: the verdict of a request, or None.
    """

    def __init__(self, judge: Judge, known: Callable[[JudgeRequest], Verdict | None]) -> None:
        self.judge = judge
        self._known = known

    def ask(self, requests: Sequence[JudgeRequest], *, on_verdict: OnVerdict | None = None) -> list[Verdict]:
        """See ``CallExecutor``.

        Raises:
            NotLogged: a verdict is missing.
        """
        verdicts = []
        for request in requests:
            verdict = self._known(request)
            if verdict is None:
                raise NotLogged
            verdicts.append(verdict)
        return verdicts


def is_ranked(question: AnsweredQuestion, *, ranker: Ranker, logged: LoggedVerdicts) -> bool:
    """Whether the logged verdicts rank a question completely."""
    try:
        rank_questions([question], ranker=ranker, executor=logged)
    except NotLogged:
        return False
    return True


def calls_of(question: AnsweredQuestion, *, ranker: Ranker, logged: LoggedVerdicts) -> Iterator[JudgedCall]:
    """The calls that ranked a question, with their verdicts.

    Raises:
        NotLogged: the question is not ranked completely.
    """
    recorded = RecordedCalls(logged)
    rank_questions([question], ranker=ranker, executor=recorded)
    yield from recorded.take()
