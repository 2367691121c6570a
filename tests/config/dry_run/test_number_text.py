import pytest

from thoughtrank.config.dry_run.number_text import bytes_text, count, parameters_text


def test_one_thing_is_in_the_singular_and_none_and_several_in_the_plural():
    assert [count(number, "step") for number in (0, 1, 2480)] == ["0 steps", "1 step", "2,480 steps"]
    assert [count(number, "prefix", "prefixes") for number in (1, 62)] == ["1 prefix", "62 prefixes"]


@pytest.mark.parametrize(
    ("size", "text"),
    [(3.84e9, "3.8 GB"), (1.2e8, "0.1 GB"), (9.9e7, "99 MB"), (1.6e6, "2 MB"), (12_300, "12 kB")],
)
def test_a_small_size_is_not_zero_gigabytes(size, text):
    assert bytes_text(size) == text


def test_decimals_are_those_of_gigabytes():
    assert bytes_text(2.152e9, decimals=2) == "2.15 GB"
    assert bytes_text(2.152e6, decimals=2) == "2 MB"


def test_a_small_model_has_more_than_zero_million_parameters():
    assert parameters_text(3_212_749_824) == "3213 M parameters"
    assert parameters_text(1_240_000) == "1.2 M parameters"
    assert parameters_text(9_000) == "0.1 M parameters"
