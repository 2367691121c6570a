import pytest
from study_runs import N, add_round, run_folder

from thoughtrank.report.study.comparison import compare, comparison_path, read_comparison, update_comparison
from thoughtrank.report.study.kept_runs import by_setting, read_runs


@pytest.fixture
def runs(tmp_path):
    for seed in (0, 1):
        run_folder(tmp_path / "runs", f"plain-seed{seed}", right=6)
        run_folder(tmp_path / "runs", f"screened-seed{seed}", right=16)
    run_folder(tmp_path / "runs", "more-seed1", right=8)
    return read_runs(tmp_path / "runs")


def test_each_setting_is_compared_with_the_first_over_common_seeds(runs):
    found = compare(by_setting(runs, order=["plain"]))
    assert found["baseline"] == "plain"
    assert found["settings"]["plain"]["difference"] is None
    difference = found["settings"]["screened"]["difference"]
    assert (difference["points"], difference["n"], difference["seeds"]) == (50.0, 2 * N, ["0", "1"])
    assert difference["low"] < 50 < difference["high"]
    # 10 discordant questions in each seed, all of one kind; two settings are compared.
    assert difference["p_value"] == pytest.approx(2 / 2**10)
    assert difference["adjusted_p_value"] == pytest.approx(2 * 2 / 2**10)
    assert found["settings"]["more"]["difference"]["seeds"] == ["1"]


def test_rounds_before_the_last_one_are_compared_as_well(tmp_path):
    for name, first, second in (("plain", 6, 10), ("screened", 16, 12), ("one_round", 9, None)):
        folder = run_folder(tmp_path, f"{name}-seed0", right=first)
        if second is not None:
            add_round(folder, right=second)
    found = compare(by_setting(read_runs(tmp_path), order=["plain"]))["settings"]
    assert found["screened"]["difference"]["points"] == 10.0
    assert {number: each["points"] for number, each in found["screened"]["earlier_rounds"].items()} == {"1": 50.0}
    assert found["one_round"]["difference"]["points"] == -5.0, "its last round beside that of the first setting"
    assert found["one_round"]["earlier_rounds"] == found["plain"]["earlier_rounds"] == {}


def test_thought_effects_are_computed_from_the_replies_of_all_seeds(runs):
    effect = compare(by_setting(runs, order=["plain"]))["settings"]["screened"]["thought_effect"]
    # 16 against 4 right answers under the chat prompt, and 16 against 4 at once.
    assert (effect["points"], effect["n"]) == (60.0, 2 * N)


def test_a_comparison_stays_until_the_replies_of_all_kept_runs_are_there(runs, tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    assert not update_comparison(study, by_setting(runs[1:], order=[]), kept=runs)
    assert read_comparison(study, runs) == {}
    assert update_comparison(study, by_setting(runs, order=["plain"]), kept=runs)
    assert comparison_path(study).exists()
    assert read_comparison(study, runs)["baseline"] == "plain"
    assert read_comparison(study, runs[1:]) == {}, "it is of other runs"
