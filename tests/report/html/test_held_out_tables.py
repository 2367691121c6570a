from stored_runs import stored_run, with_controls_and_win_rates

from thoughtrank.report.html.held_out_tables import HeldOutTables, read_held_out_tables
from thoughtrank.storage.run_paths import RunPaths


def test_finished_tables_of_controls_and_comparisons_are_read_round_by_round(tmp_path):
    paths = RunPaths(with_controls_and_win_rates(stored_run(tmp_path, held_out=3)))
    found = read_held_out_tables(paths, rounds=[0, 1, 2])
    ((title, number),) = [(each.title, each.round_number) for each in found.controls]
    assert (title, number) == ("answers_only/pairs", 2)
    assert all(reply.reply.startswith("by the control") for reply in found.controls[0].replies)
    compared, of_control = found.judged
    assert (compared.name, compared.round_number, compared.figures["n"]) == ("thought_vs_round_0", 2, 2)
    assert compared.control is None
    assert (of_control.name, of_control.round_number, of_control.control) == (
        "thought_vs_round_0",
        2,
        "answers_only/pairs",
    )
    assert [pair.score for pair in compared.pairs] == [1.0, None, 1.0]


def test_a_table_that_is_not_finished_is_left_out(tmp_path):
    paths = RunPaths(with_controls_and_win_rates(stored_run(tmp_path, held_out=3)))
    control, comparison = paths.control(2, "answers_only", "pairs"), "thought_vs_round_0"
    for folder in (control.replies, control.win_rates(comparison), paths.win_rates(2, comparison)):
        (folder / "_done.json").unlink()
    assert read_held_out_tables(paths, rounds=[0, 1, 2]) == HeldOutTables(controls=[], judged=[])
