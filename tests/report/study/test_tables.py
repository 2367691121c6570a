import pytest
from study_runs import add_round, run_folder

from thoughtrank.report.study.comparison import compare
from thoughtrank.report.study.kept_runs import by_setting, read_runs
from thoughtrank.report.study.tables import study_tables


@pytest.fixture
def groups(tmp_path):
    for seed in (0, 1):
        run_folder(tmp_path, f"plain-seed{seed}", right=6 + seed)
        run_folder(tmp_path, f"screened-seed{seed}", right=16)
    return by_setting(read_runs(tmp_path), order=["plain"])


def test_settings_have_their_figures_over_seeds_and_stand_beside_the_first(groups):
    text = study_tables(groups, compare(groups))
    first, second = (line for line in text.splitlines() if line.startswith(("| `plain` | 2 ", "| `screened` | 2 ")))
    assert "32.5 % (30.0–35.0)" in first
    assert "accuracy against plain, points" in text
    assert "| +47.5 [" in second
    assert "n = 40" in second


def test_rounds_before_the_last_one_have_a_table_of_differences(groups, tmp_path):
    assert "after the same round" not in study_tables(groups, compare(groups))
    for runs in groups.values():
        for run in runs:
            add_round(run.folder, right=10)
    longer = by_setting(read_runs(tmp_path), order=["plain"])
    text = study_tables(longer, compare(longer)).partition("Accuracy against plain after the same round")[2]
    assert text.partition("\n\n")[2].startswith("| setting | round 1 |\n| --- | --- |\n| `screened` | +47.5 [")


def test_without_replies_the_effect_is_the_mean_of_those_of_the_seeds(groups):
    text = study_tables(groups, {})
    assert "against plain" not in text
    assert "+25.0 points (+25.0 to +25.0)" in text


def test_every_run_has_its_own_line_with_its_interval_and_time(groups):
    text = study_tables(groups, {})
    assert "| `plain` | 1 | 1 | 20 | 35.0 % [0–100] | +25.0 points [+15.0 to +35.0], p < 0.001, n = 20 | 2.5 |" in text
