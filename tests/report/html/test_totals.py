from dataclasses import replace

import pytest
from stored_runs import stored_run, with_controls_and_win_rates

from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.totals import duration_text, total_cost, total_seconds


def test_sums_are_over_rounds_and_controls(tmp_path):
    run = read_run(stored_run(tmp_path))
    assert total_cost(run) == pytest.approx(0.5)
    assert total_seconds(run) == 3 * 30 + 2 * 5 * 60
    controls = {"answers_only": {"seconds": 1.0, "variants": {"copies": {"seconds": 4.0}, "pairs": {"seconds": 6.0}}}}
    assert total_seconds(replace(run, findings={**run.findings, "controls": controls})) == 3 * 30 + 2 * 5 * 60 + 10


@pytest.mark.parametrize(("seconds", "text"), [(12, "12 s"), (600, "10 min"), (7500, "2 h 05 min")])
def test_durations(seconds, text):
    assert duration_text(seconds) == text


def test_what_comparing_replies_cost_is_part_of_the_cost(tmp_path):
    run = read_run(with_controls_and_win_rates(stored_run(tmp_path)))
    assert total_cost(run) == 1.0
