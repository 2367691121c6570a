"""Regions never overlap, free pieces join again, and equal calls give equal regions."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.engines.decoding.ragged.regions import Regions

calls = st.lists(st.tuples(st.sampled_from(["allocate", "extend", "release"]), st.integers(1, 9), st.integers(0, 20)))


def play(calls, tokens):
    """Carry out the calls; returns the regions after each."""
    regions, held, history = Regions(tokens), [], []
    for call, size, which in calls:
        if call == "allocate":
            start = regions.allocate(size)
            if start is not None:
                held.append((start, size))
        elif held:
            start, before = held.pop(which % len(held))
            if call == "release":
                regions.release(start, before)
            else:
                held.append((start, before + size if regions.extend(start + before, size) else before))
        history.append(list(held))
        used = sorted(held)
        assert all(start + size <= following for (start, size), (following, _) in pairwise(used))
        assert not used or used[-1][0] + used[-1][1] <= tokens
        assert regions.free_tokens == tokens - sum(size for _, size in held)
    for start, size in held:
        regions.release(start, size)
    assert regions.allocate(tokens) == 0
    return history


@given(calls, st.integers(1, 60))
def test_regions_are_apart_and_everything_can_be_returned(calls, tokens):
    assert play(calls, tokens) == play(calls, tokens)


def test_a_region_grows_only_over_free_tokens():
    regions = Regions(10)
    first, second = regions.allocate(3), regions.allocate(3)
    assert (first, second) == (0, 3)
    assert not regions.extend(3, 1)
    assert regions.extend(6, 4)
    assert regions.allocate(1) is None
    regions.release(3, 7)
    assert regions.extend(3, 7)
