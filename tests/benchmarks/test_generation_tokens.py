import pytest


@pytest.fixture
def tokens(benchmark_module):
    return benchmark_module("generation_tokens")


def test_samples_are_evenly_spaced_from_the_first_on(tokens):
    assert tokens.evenly_spaced(range(10), 3) == [0, 3, 6]
    assert tokens.evenly_spaced([1, 2], 5) == [1, 2]


@pytest.mark.parametrize(("left", "right", "index"), [([1, 2, 3], [1, 5, 3], 1), ([1, 2], [1, 2, 3], 2), ([], [4], 0)])
def test_the_first_difference_is_an_index_of_the_shorter_sequence_or_its_end(tokens, left, right, index):
    assert tokens.first_difference(left, right) == index
