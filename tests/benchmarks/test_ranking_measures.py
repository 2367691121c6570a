import numpy as np
import pytest

from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.protocol import RankResult
from thoughtrank.rankers.rank_questions import AnsweredQuestion


@pytest.fixture
def measures(benchmark_module):
    return benchmark_module("ranking_measures")


def quality_metrics(measures, groups):
    """Metrics of a ranking of answers a, b and c, of which a is the best and c the worst; b has a copy."""
    answers = tuple(AnswerView(each, each) for each in ("a", "b", "b-copy", "c"))
    question = measures.RatedQuestion(
        asked=AnsweredQuestion("q", "?", answers, None, 0),
        classes=(("a",), ("b", "b-copy"), ("c",)),
        quality=np.array([1.0, 0.0, -1.0]),
    )
    result = RankResult(groups=groups)
    return measures.ranking_quality(question, result, np.random.default_rng(0))


def test_the_right_order_has_no_gap_and_tau_one(measures):
    found = quality_metrics(measures, (("a",), ("b", "b-copy"), ("c",)))
    assert (found["gap"], found["p_at_1"], found["tau"], found["pair"]) == (0.0, 1.0, pytest.approx(1.0), 1.0)


def test_the_reversed_order_has_the_whole_gap(measures):
    found = quality_metrics(measures, (("c",), ("b", "b-copy"), ("a",)))
    assert (found["gap"], found["p_at_1"], found["tau"], found["pair"]) == (2.0, 0.0, pytest.approx(-1.0), -1.0)


def test_unranked_answers_come_last(measures):
    found = quality_metrics(measures, (("b", "b-copy"),))
    assert found["gap"] == 1.0
