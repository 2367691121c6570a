import numpy as np
import pytest


@pytest.fixture
def report(benchmark_module):
    return benchmark_module("ranking_report")


def test_the_interval_of_a_mean_narrows_with_the_number_of_questions(report):
    few, many = np.tile([0.0, 1.0], 10), np.tile([0.0, 1.0], 1000)
    (low, high), (narrow_low, narrow_high) = report.interval(few), report.interval(many)
    assert (low + high) / 2 == pytest.approx(0.5)
    assert high - low == pytest.approx(10 * (narrow_high - narrow_low), rel=0.03)
    assert report.interval(np.ones(1)) == (-np.inf, np.inf)


def test_a_ratio_is_paired_by_question(report):
    denominator = np.random.default_rng(0).uniform(1, 100, 50)
    value, low, high = report.ratio(2 * denominator, denominator)
    assert (value, low, high) == pytest.approx((2, 2, 2))


def test_a_summary_has_means_and_intervals(report):
    facts = report.summary({"gap": np.array([0.0, 1.0]), "tokens": np.array([10.0, 10.0])})
    assert facts["gap"] == 0.5
    assert facts["intervals"]["tokens"] == [10.0, 10.0]
    assert facts["questions"] == 2


def test_the_plot_of_earlier_results_is_written(report, tmp_path):
    pytest.importorskip("matplotlib")
    facts = {"tokens": 100.0, "gap": 0.5, "intervals": {"gap": [0.4, 0.6]}}
    rankers = {"listwise": facts, "listwise_with_duplicates": {**facts, "tokens": 900.0, "gap": 0.45}}
    report.plot(tmp_path / "plot.png", {"mixed": rankers, "distinct62": rankers, "injection": rankers})
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
