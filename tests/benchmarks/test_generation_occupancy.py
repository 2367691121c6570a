"""The simulation counts rows and steps of the schedulers that it plays."""

import pytest


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    from pathlib import Path

    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


@pytest.mark.parametrize("reserved", ["with_limit", "growing"])
def test_rows_and_steps_are_those_of_the_lengths(reserved):
    import generation_occupancy

    # All fit at once: 3 branches for 10 steps, then 2 for 10, then 1 for 20.
    found = getattr(generation_occupancy, reserved)([[10, 40], [20]], token_budget=100_000)
    assert (found.steps, found.most_rows, found.read_again) == (40, 3, 0.0)
    assert found.mean_rows == (10 + 40 + 20) / 40


def test_growing_regions_keep_more_branches_in_flight():
    import generation_occupancy

    lengths = generation_occupancy.lengths_of(questions=8, long_fraction=0.05)
    limit, grown = (
        simulate(lengths, token_budget=100_000)
        for simulate in (generation_occupancy.with_limit, generation_occupancy.growing)
    )
    assert grown.mean_rows > 2 * limit.mean_rows


@pytest.mark.parametrize("long_fraction", [0.05, 0.3])
def test_the_groups_and_the_budget_of_an_80_gb_card_keep_200_branches_in_flight(long_fraction):
    import generation_occupancy

    from thoughtrank.engines.device_sizes import budget_tokens, group_sizes

    budget = budget_tokens("76GB", weight_bytes=2 * 3_212_749_824, bytes_per_token=114_688)
    lengths = generation_occupancy.lengths_of(questions=group_sizes("cuda").questions, long_fraction=long_fraction)
    assert generation_occupancy.growing(lengths, token_budget=budget).mean_rows >= 200
