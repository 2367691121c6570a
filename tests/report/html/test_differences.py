from dataclasses import replace

import pytest
from stored_runs import stored_run

from thoughtrank.report.html.differences import change_over_rounds, comparison_of, excludes_zero, points_text
from thoughtrank.report.html.stored_run import read_run


def test_a_comparison_is_found_by_its_arms_and_missing_where_it_was_not_made(tmp_path):
    run = read_run(stored_run(tmp_path))
    change = change_over_rounds(run)
    assert (change["first"], change["second"]) == ("round 2 thought", "round 0 thought")
    assert comparison_of(run, "own_thought", "answer_at_once")["second"] == "round 2 answer_at_once"
    assert comparison_of(run, "own_thought", "swapped_thought") is None
    assert change_over_rounds(replace(run, rounds=[])) is None


@pytest.mark.parametrize(
    ("low", "high", "p_value", "clear"),
    [(1.0, 5.0, 0.01, True), (-5.0, -1.0, 0.01, True), (-1.0, 5.0, 0.01, False), (1.0, 5.0, 0.05, False)],
)
def test_interval_and_p_value_both_have_to_exclude_chance(low, high, p_value, clear):
    assert excludes_zero({"low": low, "high": high, "p_value": p_value}) is clear


def test_points_have_their_interval_and_p_value():
    figures = {"points": -2.04, "low": -5.0, "high": 0.96, "p_value": 0.0004}
    assert points_text(figures) == "-2.0 points (95 % interval -5.0 to +1.0, p < 0.001)"
    assert points_text(figures, corrected=True) == "-2.0 points (95 % interval -5.0 to +1.0, corrected p < 0.001)"


def test_the_change_over_the_rounds_has_the_p_value_that_is_corrected_for_all_comparisons(tmp_path):
    run = read_run(stored_run(tmp_path))
    compared = comparison_of(run, "thought", "round 0 thought")
    entries = [{**compared, "p_value": 0.02, "adjusted_p_value": 0.12}]
    changed = replace(run, findings={**run.findings, "comparisons": entries})
    assert change_over_rounds(changed)["p_value"] == 0.12
