import random

import pytest
from scipy.stats import binomtest

from thoughtrank.report.prefix_chance import PrefixWins


def test_equal_fractions_of_winners_are_a_binomial_test():
    wins = PrefixWins()
    for number in range(20):
        # A wins 16 times; one of the two others in the rest: a third of the candidates each time.
        wins.add([("A", number < 16), ("B", number in (16, 17)), ("C", number in (18, 19))])
    tested = {each.prefix: each for each in wins.tested()}
    assert (tested["A"].wins, tested["A"].questions) == (16, 20)
    assert tested["A"].expected == pytest.approx(20 / 3)
    upper = binomtest(16, 20, 1 / 3, alternative="greater").pvalue
    assert tested["A"].p_value == pytest.approx(3 * 2 * upper)
    assert tested["A"].better
    assert not tested["A"].worse


def test_prefixes_that_are_alike_are_rarely_called_different():
    rng = random.Random(0)
    called = 0
    for _ in range(100):
        wins = PrefixWins()
        for _ in range(30):
            chance = rng.choice([0.1, 0.5, 0.9])
            wins.add([(prefix, rng.random() < chance) for prefix in "abcdefgh"])
        called += any(each.better or each.worse for each in wins.tested())
    assert called <= 8


def test_ties_among_all_others_do_not_hide_the_one_that_loses():
    wins = PrefixWins()
    for _ in range(12):
        wins.add([("A", True), ("B", True), ("C", True), ("7", False)])
    assert [each.prefix for each in wins.tested() if each.worse] == ["7"]
    assert not any(each.better for each in wins.tested())


def test_rounds_are_put_together():
    first, second = PrefixWins(), PrefixWins()
    first.add([("A", True), ("B", False)])
    second.add([("A", True), ("C", False)])
    together = PrefixWins.together([first, second])
    assert together.questions == 2
    assert [(each.prefix, each.questions, each.wins) for each in together.tested()] == [
        ("A", 2, 2),
        ("B", 1, 0),
        ("C", 1, 0),
    ]
    assert PrefixWins().tested() == []
