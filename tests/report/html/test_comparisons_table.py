from dataclasses import replace

from stored_runs import stored_run

from thoughtrank.report.html.comparisons_table import comparisons_tables
from thoughtrank.report.html.stored_run import read_run


def test_the_key_comparisons_are_open_and_all_of_them_folded(tmp_path):
    run = read_run(stored_run(tmp_path))
    part = {
        "arm": "own_thought",
        "against": "answers_only/pairs answer_at_once",
        "points": 9.0,
        "low": 4.0,
        "high": 14.0,
    }
    parts = [{**part, "p_value": 0.031, "n": 40}]
    shown = comparisons_tables(replace(run, findings={**run.findings, "thought_effect": {"parts": parts}}))
    in_the_open, folded = shown.split("<details>")
    assert "round 2: free reply − round 0: free reply (training; free replies, the final answer counts)" in in_the_open
    forced = "(thought effect; answers forced, only the first number or letter counts)"
    assert f"own thought − answers only, pairs: answer at once {forced}" in in_the_open
    assert ">0.031 (uncorrected)</td>" in in_the_open
    assert (
        "round 2: free reply − empty thought "
        "(whether an empty thought does as well; free replies, the final answer counts)" in in_the_open
    )
    assert in_the_open.count("(Holm)</td>") == in_the_open.count("<tr>") - 2
    assert "(Holm)</td>" not in folded
    assert "round 1: free reply − round 0: free reply" not in in_the_open
    count = len(run.findings["comparisons"])
    assert f"All {count} comparisons" in folded
    assert folded.count("<tr>") == count + 1
    assert f"corrected for the {count} comparisons" in in_the_open


def test_a_difference_that_may_be_chance_is_grey(tmp_path):
    run = read_run(stored_run(tmp_path))
    compared = {
        "first": "round 2 thought",
        "second": "round 0 thought",
        "points": 9.0,
        "low": 4.0,
        "high": 14.0,
        "n": 40,
    }
    for p_value, look in ((0.2, "chance"), (0.01, "s0")):
        findings = {**run.findings, "comparisons": [{**compared, "p_value": 0.01, "adjusted_p_value": p_value}]}
        assert f'class="interval {look}"' in comparisons_tables(replace(run, findings=findings))


def test_without_comparisons_there_is_no_table(tmp_path):
    assert comparisons_tables(read_run(stored_run(tmp_path, rounds=0))) == ""
