import pytest

from thoughtrank.judging.protocol import Usage


def test_tokens_at_a_price_cost_what_it_says_and_at_an_unknown_one_nothing():
    assert Usage(50, 10, 0.25).at_price((2.0, 10.0)) == Usage(50, 10, pytest.approx(0.0002))
    assert Usage(50, 10).at_price(None) == Usage(50, 10, 0.0)
