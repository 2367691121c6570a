import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.rankers.plackett_luce import PRIOR_SD, TEMPERING, best_answer, fit


def log_posterior(theta, orders):
    """The same density, written out term by term."""
    total = -sum(each**2 for each in theta) / (2 * PRIOR_SD**2)
    for groups in orders:
        for place, group in enumerate(groups):
            below = [each for later in groups[place + 1 :] for each in later]
            for winner in group if below else ():
                total += TEMPERING * (theta[winner] - math.log(sum(math.exp(theta[each]) for each in [winner, *below])))
    return total


ORDERS = st.lists(
    st.permutations(range(5)).flatmap(
        lambda order: st.integers(0, 3).map(lambda cut: [[each] for each in order[:cut]] + [list(order[cut:])])
    ),
    max_size=5,
)


@given(ORDERS)
def test_no_neighbour_is_more_probable(orders):
    mean = fit(5, orders).mean
    best = log_posterior(mean, orders)
    for index in range(5):
        for step in (-1e-3, 1e-3):
            moved = mean.copy()
            moved[index] += step
            assert log_posterior(moved, orders) < best


def test_the_covariance_is_the_inverse_curvature():
    orders = [[[0], [1, 2], [3]], [[3], [0]]]
    posterior = fit(4, orders)
    step = 1e-4
    for a in range(4):
        for b in range(4):
            corners = []
            for x, y in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = posterior.mean.copy()
                moved[a] += x * step
                moved[b] += y * step
                corners.append(x * y * log_posterior(moved, orders))
            curvature = -sum(corners) / (4 * step**2)
            assert curvature == pytest.approx(np.linalg.inv(posterior.covariance)[a, b], abs=1e-3)


@given(ORDERS, st.permutations(range(5)))
def test_names_do_not_matter(orders, names):
    renamed = [[[names[each] for each in group] for group in groups] for groups in orders]
    assert fit(5, renamed).mean[list(names)] == pytest.approx(fit(5, orders).mean, abs=1e-5)


def test_a_tie_says_nothing_and_the_start_changes_nothing():
    assert fit(3, [[[0, 1, 2]]]).mean == pytest.approx([0, 0, 0])
    orders = [[[2], [0, 1]], [[2], [1], [0]]]
    assert fit(3, orders, start=np.array([3.0, -3.0, 1.0])).mean == pytest.approx(fit(3, orders).mean, abs=1e-5)


def test_strengths_are_recovered_from_many_orders():
    strengths = np.array([1.5, 0.5, 0.0, -0.5, -1.5])
    rng = np.random.default_rng(0)
    orders = [[[int(each)] for each in np.argsort(-(strengths + rng.gumbel(size=5)))] for _ in range(600)]
    mean = fit(5, orders).mean
    assert np.abs(mean - mean.mean() - strengths).max() < 0.25


def test_equal_evidence_gives_equal_chances():
    posterior = fit(3, [[[each] for each in order] for order in permutations(range(3))])
    best = best_answer(posterior, among=[0, 1, 2], leaders=[0, 1, 2], seed=1, draws=4000)
    assert best.p_top == pytest.approx([1 / 3] * 3, abs=0.04)
    assert best.expected_regret > 0.1
    nobody = best_answer(posterior, among=[0, 1], leaders=[], seed=1)
    assert nobody.leader is None
    assert nobody.expected_regret == math.inf
