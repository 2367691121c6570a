import math
import random

import pytest

from thoughtrank.evaluation.win_rates import JudgedPair, length_controlled_win_rate, win_rate


def pairs(scores, *, lengths=None, problems=None):
    return [
        JudgedPair(
            question_id=f"q{index}",
            problem=problems[index] if problems else None,
            score=score,
            in_order=score,
            reversed_order=score,
            length=lengths[index] if lengths else 10,
            against_length=10,
            reason=None,
        )
        for index, score in enumerate(scores)
    ]


def test_a_tie_counts_one_half_and_what_has_no_verdict_is_left_out():
    found = win_rate(pairs([1.0, 1.0, 0.75, 0.5, 0.0, None]), seed=0)
    assert found.win_rate == pytest.approx(3.25 / 5)
    assert (found.n, found.wins, found.ties, found.losses, found.unjudged) == (5, 3, 1, 1, 1)
    # Sign test of 3 wins and 1 loss, by hand: 2 (1 + 4) / 2^4.
    assert found.p_value == pytest.approx(10 / 16)
    assert 0.0 <= found.low < found.win_rate < found.high <= 1.0


def test_equal_lengths_leave_the_win_rate_as_it_is():
    found = win_rate(pairs([1.0, 1.0, 0.0, 0.5, 1.0]), seed=0)
    assert found.length_controlled == pytest.approx(found.win_rate, abs=1e-5)


def test_the_interval_resamples_problems():
    scores = [1.0] * 8 + [0.0] * 8
    apart = win_rate(pairs(scores), seed=0)
    together = win_rate(pairs(scores, problems=[f"p{index // 4}" for index in range(16)]), seed=0)
    assert together.high - together.low > apart.high - apart.low


@pytest.mark.parametrize("scores", [[], [None, None]])
def test_without_a_verdict_there_is_no_figure(scores):
    found = win_rate(pairs(scores), seed=0)
    assert (found.win_rate, found.length_controlled, found.n, found.p_value) == (None, None, 0, 1.0)
    assert (found.low, found.high) == (0.0, 1.0)


def drawn(*, intercept, slope, n=4000, mean_difference=0.0, seed=0):
    """Verdicts of a judge that prefers longer replies, by the model that the regression fits."""
    rng = random.Random(seed)
    differences = [rng.gauss(mean_difference, 50) for _ in range(n)]
    average = sum(differences) / n
    spread = math.sqrt(sum((each - average) ** 2 for each in differences) / n)
    logits = [intercept + slope * math.tanh(each / spread) for each in differences]
    return [float(rng.random() < 1 / (1 + math.exp(-each))) for each in logits], differences


def test_a_reply_that_wins_only_by_its_length_has_a_length_controlled_win_rate_of_one_half():
    scores, differences = drawn(intercept=0.0, slope=2.0, mean_difference=60.0)
    assert sum(scores) / len(scores) > 0.65
    assert length_controlled_win_rate(scores, differences) == pytest.approx(0.5, abs=0.04)


def test_the_known_intercept_is_found_whatever_the_lengths():
    for slope in (0.0, 1.5, -1.5):
        scores, differences = drawn(intercept=0.8, slope=slope, mean_difference=-40.0)
        assert length_controlled_win_rate(scores, differences) == pytest.approx(1 / (1 + math.exp(-0.8)), abs=0.05)


@pytest.mark.parametrize(
    ("scores", "differences", "expected"),
    [
        pytest.param([1.0, 1.0], [3, 5], 1.0, id="only wins"),
        pytest.param([0.0, 0.0], [3, 5], 0.0, id="only losses"),
        pytest.param([0.5, 0.5], [-9, 9], 0.5, id="only ties"),
        pytest.param([1.0, 0.0] * 20, [9, -9] * 20, 0.5, id="length alone decides"),
    ],
)
def test_it_is_finite_at_the_ends(scores, differences, expected):
    assert length_controlled_win_rate(scores, differences) == pytest.approx(expected, abs=1e-4)


def test_swapping_the_replies_mirrors_both_figures():
    scores, differences = drawn(intercept=0.5, slope=1.0, n=300)
    mirrored = length_controlled_win_rate([1 - each for each in scores], [-each for each in differences])
    assert length_controlled_win_rate(scores, differences) == pytest.approx(1 - mirrored, abs=1e-5)
