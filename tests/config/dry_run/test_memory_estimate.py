import pytest

from thoughtrank.config.dry_run.memory_estimate import training_gigabytes


def test_training_memory_is_that_of_the_zero_paper():
    # Rajbhandari et al., arXiv 1910.02054, figure 1: 7.5 billion weights on 64 devices.
    sizes = training_gigabytes(parameters=7_500_000_000, devices=64)
    assert [round(size, 1) for size in sizes.values()] == [120.0, 31.4, 16.6, 1.9]


def test_one_device_has_nothing_to_divide():
    assert set(training_gigabytes(parameters=10**9, devices=1).values()) == {16.0}


def test_memory_grows_with_the_weights_and_each_stage_divides_more():
    small, large = (training_gigabytes(parameters=size, devices=8) for size in (10**9, 3 * 10**9))
    assert list(large.values()) == pytest.approx([3 * size for size in small.values()])
    assert list(small.values()) == sorted(small.values(), reverse=True)
