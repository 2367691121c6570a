import re

from stored_runs import stored_run, with_controls_and_win_rates

from thoughtrank.report.html.accuracy_section import accuracy_section
from thoughtrank.report.html.held_out_tables import StoredComparison, read_held_out_tables
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.win_rate_table import win_rates


def test_a_row_per_comparison_with_its_interval(tmp_path):
    run = read_run(with_controls_and_win_rates(stored_run(tmp_path, held_out=20)))
    judged = read_held_out_tables(run.paths, rounds=[0, 1, 2]).judged
    shown = win_rates(judged)
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", shown.partition("<tbody>")[2])
    assert cells[0] == "round 2: free reply to that of round 0"
    assert cells[1:5] == ["100.0 % [100–100]", "100.0 %", "&lt; 0.001", "19 (1 without a verdict)"]
    assert cells[5] == "round 2, control answers only, pairs: free reply to that of round 0"
    assert "Judged win rates" in accuracy_section(run, name="run-0", judged=judged)
    assert "Judged win rates" not in accuracy_section(run, name="run-0")


def test_a_comparison_without_any_verdict_has_dashes():
    figures = {"win_rate": None, "low": 0.0, "high": 1.0, "n": 0, "unjudged": 4}
    shown = win_rates([StoredComparison(name="thought_vs_round_0", round_number=1, figures=figures, pairs=[])])
    assert shown.count(">–</td>") == 3
