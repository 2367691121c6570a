import pytest

from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.judging.base import BaseJudge
from thoughtrank.judging.cost_bound import CostBound
from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.protocol import AnswerView, CallLimits, JudgeRequest, Usage, Verdict


class Longest(BaseJudge):
    """The smallest judge that a user may write."""

    exact = False

    def judge(self, request):
        return Verdict(
            "ok", groups=tuple((each.answer_id,) for each in sorted(request.answers, key=lambda a: -len(a.text)))
        )


def test_a_judge_needs_only_two_members():
    judge = Longest()
    request = JudgeRequest("q", "?", (AnswerView("a", "x"), AnswerView("b", "xx")), None, 1)
    assert judge.judge(request).groups == (("b",), ("a",))
    assert judge.name == "Longest"
    assert judge.identity() == {"component": "Longest", "version": 1}
    assert judge.limits == CallLimits()
    assert judge.upper_bound(request) == Usage()
    assert judge.family() is None


def test_a_judge_that_reads_ignores_the_scorer_of_the_questions():
    judge = Longest()
    assert judge.scored_by(ReferenceScorer()) is judge


def test_the_bound_of_a_free_judge_costs_nothing_and_an_exact_judge_has_none():
    class Exact(Longest):
        exact = True

    bound = Longest().cost_bound(calls=10, answers_shown=50, answer_tokens=100)
    assert bound == CostBound(calls=10, prompt_tokens=10 * 700 + 50 * 100, reply_tokens=1000, dollars=0.0)
    assert Exact().cost_bound(calls=10, answers_shown=50, answer_tokens=100) is None


def remote(**settings):
    return OpenAICompatibleJudge(**({"model": "m", "base_url": "http://h/v1", "api_key_env": None} | settings))


def test_the_bound_of_a_remote_judge_uses_its_own_limit_of_a_reply_its_price_and_its_audit():
    def bound(**settings):
        return remote(**settings).cost_bound(calls=100, answers_shown=500, answer_tokens=10)

    assert bound(audit_share=0).reply_tokens == 100 * 1024
    assert bound(audit_share=0, max_reply_tokens=7).reply_tokens == 700
    audited = bound(audit_share=0.5, max_reply_tokens=7)
    assert (audited.calls, audited.prompt_tokens, audited.reply_tokens) == (150, 150 * 700 + 7500, 1050)
    assert audited.dollars is None
    priced = bound(audit_share=0, price_per_million=[2.0, 10.0], budget=3.0)
    assert priced.dollars == pytest.approx((75_000 * 2 + 102_400 * 10) / 1e6)
    assert (priced.budget, priced.prices_as_of) == (3.0, None)


def test_the_bound_names_the_month_of_a_price_from_the_table():
    judge = remote(model="gpt-4o", base_url="https://api.openai.com/v1")
    assert judge.cost_bound(calls=1, answers_shown=2, answer_tokens=1).prices_as_of == judge.known_price().as_of
    stated = remote(model="gpt-4o", base_url="https://api.openai.com/v1", price_per_million=[1, 1])
    assert stated.cost_bound(calls=1, answers_shown=2, answer_tokens=1).prices_as_of is None
    assert stated.name == "gpt-4o"
