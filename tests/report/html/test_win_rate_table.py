import re
from dataclasses import replace

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


def test_the_p_values_are_corrected_for_all_rows():
    figures = {"win_rate": 0.6, "low": 0.52, "high": 0.7, "length_controlled": 0.6, "n": 40}
    judged = [
        StoredComparison(name=name, round_number=1, figures={**figures, "p_value": p_value}, pairs=[])
        for name, p_value in (("thought_vs_round_0", 0.03), ("thought_vs_room_to_reason", 0.01))
    ]
    both, one = win_rates(judged), win_rates(judged[:1])
    assert re.findall(r">(0\.0\d\d)</td>", both) == ["0.030", "0.020"]
    assert re.findall(r">(0\.0\d\d)</td>", one) == ["0.030"]
    third = win_rates([*judged, replace(judged[0], round_number=0)])
    assert re.findall(r">(0\.0\d\d)</td>", third) == ["0.060", "0.030", "0.060"]
    assert [page.count('class="interval chance"') for page in (both, one, third)] == [0, 0, 2]


def test_a_comparison_without_any_verdict_has_dashes():
    figures = {"win_rate": None, "low": 0.0, "high": 1.0, "n": 0, "unjudged": 4}
    shown = win_rates([StoredComparison(name="thought_vs_round_0", round_number=1, figures=figures, pairs=[])])
    assert shown.count(">–</td>") == 3
