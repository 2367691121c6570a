import math
from itertools import permutations

import pytest

from thoughtrank.rankers.best_answer import best_answer
from thoughtrank.rankers.plackett_luce import fit


def test_equal_comparisons_give_equal_chances():
    posterior = fit(3, [[[each] for each in order] for order in permutations(range(3))])
    best = best_answer(posterior, among=[0, 1, 2], leader=0, seed=1, num_samples=4000)
    assert best.p_top == pytest.approx([1 / 3] * 3, abs=0.04)
    assert best.expected_regret > 0.1
    nobody = best_answer(posterior, among=[0, 1], leader=None, seed=1)
    assert nobody.expected_regret == math.inf


def test_the_judges_own_error_leaves_doubt_and_a_suspect_loses_its_chances():
    posterior = fit(3, [[[0], [1], [2]]] * 30)
    best = best_answer(posterior, among=[0, 1, 2], leader=0, seed=1, num_samples=4000)
    assert best.p_top[0] < best.p_top_judged[0]
    lowered = best_answer(posterior, among=[0, 1, 2], leader=0, lowered={0: (0.9, -5.0)}, seed=1, num_samples=4000)
    assert lowered.p_top[0] == pytest.approx(0.1 * best.p_top[0], abs=0.03)
    assert lowered.expected_regret > best.expected_regret
