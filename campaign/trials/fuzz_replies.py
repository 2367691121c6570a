"""Random replies of a judge over HTTP: every reply is a verdict on what was asked, at a cost within its ceiling."""

import json
from functools import partial

from hypothesis import strategies as st

from campaign.fuzzing import JSON, try_examples
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.paying_server import OpenAIServer, Scripted
from campaign.trials.hostile_text import TEXTS
from thoughtrank.errors import UserError
from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.protocol import AnswerView, AttemptFailed, JudgeRequest, Verdict

EXAMPLES = 250
_ANSWERS = tuple(AnswerView(f"id{number}", f"answer {number}") for number in range(5))
_REQUESTS = {
    "rank": JudgeRequest("q", "Question?", _ANSWERS, None, 1),
    "score": JudgeRequest("q", "Question?", _ANSWERS[:1], "7", 1, mode="score"),
}
_STATUSES = [200] * 12 + [400, 401, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 529]
_LABEL = st.sampled_from(["A", "B", "C", "D", "E", "Z", "id0", ""])


def _texts() -> st.SearchStrategy[str]:
    ranking = st.lists(_LABEL | st.lists(_LABEL, max_size=3), max_size=6).map(
        lambda value: json.dumps({"ranking": value})
    )
    grade = (st.integers(-2, 12) | JSON).map(lambda value: json.dumps({"grade": value}))
    chain = st.lists(_LABEL, max_size=6).map(" > ".join)
    hostile = st.sampled_from(sorted(TEXTS.values(), key=len)[:-1])
    return st.one_of(ranking, ranking, grade, chain, hostile, st.text(max_size=60), JSON.map(json.dumps))


def _bodies() -> st.SearchStrategy[object]:
    counts = st.sampled_from([0, 10, 1000, -5, 10**400, 1.5, None, "9", True]) | st.integers()
    usage = st.fixed_dictionaries({"prompt_tokens": counts, "completion_tokens": counts})
    message = st.fixed_dictionaries({"content": _texts() | JSON}, optional={"refusal": JSON, "reasoning": JSON})
    choice = st.fixed_dictionaries(
        {"message": message | JSON},
        optional={"finish_reason": st.sampled_from(["stop", "length", "content_filter"]) | JSON},
    )
    body = st.fixed_dictionaries(
        {"choices": st.lists(choice, max_size=2) | JSON}, optional={"usage": usage | JSON, "model": JSON, "error": JSON}
    )
    return st.one_of(body, body, body, JSON, st.fixed_dictionaries({"error": JSON}), st.text(max_size=60))


def _check(example: tuple[str, int, object], *, server: OpenAIServer) -> None:
    mode, status, body = example
    server.script.append(Scripted(status, body))
    judge = OpenAICompatibleJudge(
        model="m", base_url=server.url, api_key_env=None, price_per_million=[10, 10], max_reply_tokens=64
    )
    try:
        verdict = judge.judge(_REQUESTS[mode])
    except (AttemptFailed, UserError):
        return
    finally:
        server.script.clear()
    _check_verdict(verdict, judge, _REQUESTS[mode])


def _check_verdict(verdict: Verdict, judge: OpenAICompatibleJudge, request: JudgeRequest) -> None:
    assert verdict.usage.is_possible, "a usage that cannot be"
    assert (verdict.status == "ok") == (verdict.reason is None), "a verdict without ranking and without reason"
    listed = [answer for group in verdict.groups for answer in group]
    assert len(set(listed)) == len(listed), "an answer is ranked twice"
    assert {*listed, *(answer for answer, _ in verdict.scores)} <= {answer.answer_id for answer in request.answers}
    assert verdict.usage.cost <= 101 * judge.upper_bound(request).cost, "a cost above the ceiling"


def _run(trial: TrialInput) -> Outcome:
    outcome, server = Outcome(), OpenAIServer()
    examples = st.tuples(st.sampled_from(sorted(_REQUESTS)), st.sampled_from(_STATUSES), _bodies())
    number = trial.random("replies").randrange(1 << 30)
    try:
        try_examples(examples, partial(_check, server=server), count=EXAMPLES, number=number, outcome=outcome)
    finally:
        server.close()
    return outcome


KIND = Kind("fuzz_replies", "Random replies of a judge", 1, _run, compares=False)
