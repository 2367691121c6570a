import pytest

from thoughtrank.prefixes.first_tokens import FirstTokens


def test_first_tokens_count_from_the_likeliest():
    prefixes = FirstTokens(count=3).prefixes()
    assert [prefix.first_choice for prefix in prefixes] == [0, 1, 2]
    assert [prefix.name for prefix in prefixes] == ["first_token_1", "first_token_2", "first_token_3"]
    assert {(prefix.text, prefix.temperature) for prefix in prefixes} == {("", 0.0)}
    assert FirstTokens(count=3).faults() == []


@pytest.mark.parametrize("count", [0, -1])
def test_no_token_at_all_is_a_fault(count):
    [fault] = FirstTokens(count=count).faults()
    assert f"prefixes.first_tokens.count={count}" in fault
