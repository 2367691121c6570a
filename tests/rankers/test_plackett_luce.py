import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.rankers.best_answer import best_answer
from thoughtrank.rankers.plackett_luce import (
    INITIAL_PRIOR_SD,
    INITIAL_PRIOR_WEIGHT,
    POSITION_BIAS_SD,
    TEMPERING,
    fit,
)


def log_posterior(theta, orders, *, prior_sd, bias=0.0, shown=None):
    """The same density for a prior of this standard deviation, written out term by term."""
    total = -sum(each**2 for each in theta) / (2 * prior_sd**2) - bias**2 / (2 * POSITION_BIAS_SD**2)
    for number, groups in enumerate(orders):
        places = shown[number] if shown else []
        strength = [
            each + (bias * (0.5 - places.index(index) / (len(places) - 1)) if index in places else 0)
            for index, each in enumerate(theta)
        ]
        for place, group in enumerate(groups):
            below = [each for later in groups[place + 1 :] for each in later]
            for winner in group if below else ():
                chances = sum(math.exp(strength[each]) for each in [winner, *below])
                total += TEMPERING * (strength[winner] - math.log(chances))
    return total


ORDERS = st.lists(
    st.permutations(range(5)).flatmap(
        lambda order: st.integers(0, 3).map(lambda cut: [[each] for each in order[:cut]] + [list(order[cut:])])
    ),
    max_size=5,
)


SHOWN = st.lists(st.permutations(range(5)), min_size=5, max_size=5)


@given(ORDERS, SHOWN)
def test_no_neighbour_is_more_probable(orders, shown):
    shown = shown[: len(orders)]
    found = fit(5, orders, shown=shown)

    def density(mean, bias):
        return log_posterior(mean, orders, prior_sd=found.prior_sd, bias=bias, shown=shown)

    best = density(found.mean, found.position_bias)
    for step in (-0.02, 0.02):
        assert density(found.mean, found.position_bias + step) < best
        for index in range(5):
            moved = found.mean.copy()
            moved[index] += step
            assert density(moved, found.position_bias) < best


@given(ORDERS, SHOWN)
def test_the_priors_width_is_that_of_the_strengths_it_explains(orders, shown):
    """MacKay's fixed point: the sum of squares over the number of well determined strengths."""
    found = fit(5, orders, shown=shown[: len(orders)])
    well_determined = 5 - np.trace(found.covariance) / found.prior_sd**2
    wanted = (found.mean @ found.mean + INITIAL_PRIOR_WEIGHT * INITIAL_PRIOR_SD**2) / (
        well_determined + INITIAL_PRIOR_WEIGHT
    )
    assert found.prior_sd**2 == pytest.approx(wanted, rel=0.02)


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
                corners.append(x * y * log_posterior(moved, orders, prior_sd=posterior.prior_sd))
            curvature = -sum(corners) / (4 * step**2)
            assert curvature == pytest.approx(np.linalg.inv(posterior.covariance)[a, b], abs=5e-3)


def sampled_orders(strengths, *, bias, count, size, seed):
    """Orders sampled from the model, and the order in which the answers were shown."""
    rng = np.random.default_rng(seed)
    orders, shown = [], []
    for _ in range(count):
        places = rng.permutation(len(strengths))[:size]
        utility = strengths[places] + bias * (0.5 - np.arange(size) / (size - 1)) + rng.gumbel(size=size)
        orders.append([[int(each)] for each in places[np.argsort(-utility)]])
        shown.append([int(each) for each in places])
    return orders, shown


@pytest.mark.parametrize("bias", [-2.0, 0.0, 2.0])
def test_a_position_bias_is_found_and_taken_out(bias):
    strengths = np.linspace(2, -2, 12)
    orders, shown = sampled_orders(strengths, bias=bias, count=150, size=6, seed=1)
    assert fit(12, orders, shown=shown).position_bias == pytest.approx(bias, abs=0.4)
    # Shown in the worst answer's favour every time, a bias that nobody knows of passes for quality.
    favoured = [sorted(places, reverse=True) for places in shown]
    utility = np.random.default_rng(2).gumbel(size=(len(favoured), 6)) + 6 * (0.5 - np.arange(6) / 5)
    turned = [
        [[places[each]] for each in np.argsort(-(strengths[places] + row))]
        for places, row in zip(favoured, utility, strict=True)
    ]
    assert fit(12, turned, shown=favoured).mean[0] > fit(12, turned).mean[0]


def test_a_judge_that_distinguishes_nothing_gets_a_narrow_prior_and_no_confidence():
    clear = fit(12, sampled_orders(np.linspace(3, -3, 12), bias=0.0, count=10, size=8, seed=3)[0])
    blind = fit(12, sampled_orders(np.zeros(12), bias=0.0, count=10, size=8, seed=3)[0])
    assert blind.prior_sd < 1 < clear.prior_sd
    for posterior, most in ((blind, 0.4), (clear, 1.0)):
        leader = int(posterior.mean.argmax())
        best = best_answer(posterior, among=range(12), leader=leader, seed=1)
        assert best.p_top.max() < most


@given(ORDERS, st.permutations(range(5)))
def test_names_do_not_matter(orders, names):
    renamed = [[[names[each] for each in group] for group in groups] for groups in orders]
    assert fit(5, renamed).mean[list(names)] == pytest.approx(fit(5, orders).mean, abs=1e-6)


def test_a_tie_carries_no_information_and_the_start_changes_nothing():
    assert fit(3, [[[0, 1, 2]]]).mean == pytest.approx([0, 0, 0])
    orders = [[[2], [0, 1]], [[2], [1], [0]]]
    elsewhere = fit(3, [[[0], [1], [2]]] * 5)
    assert fit(3, orders, start=elsewhere).mean == pytest.approx(fit(3, orders).mean, abs=5e-3)


def test_strengths_are_recovered_from_many_orders():
    strengths = np.array([1.5, 0.5, 0.0, -0.5, -1.5])
    rng = np.random.default_rng(0)
    orders = [[[int(each)] for each in np.argsort(-(strengths + rng.gumbel(size=5)))] for _ in range(600)]
    mean = fit(5, orders).mean
    assert np.abs(mean - mean.mean() - strengths).max() < 0.25
