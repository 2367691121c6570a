import re
from xml.etree import ElementTree

import pytest
from study_runs import run_folder

from thoughtrank.report.study.kept_runs import by_setting, read_runs
from thoughtrank.report.study.plots import accuracy, differences_figure, effects_figure, genuine_fraction, rounds_figure


@pytest.fixture
def groups(tmp_path):
    for seed, right in enumerate((5, 7)):
        run_folder(tmp_path, f"plain-seed{seed}", right=right, with_replies=False)
    run_folder(tmp_path, "screened-seed0", right=16, with_replies=False)
    return by_setting(read_runs(tmp_path), order=[])


def test_the_accuracy_of_a_setting_is_the_mean_with_the_range_of_its_seeds(groups):
    shown = rounds_figure(groups, accuracy, label="accuracy", scheme="light")
    ElementTree.fromstring(shown)
    assert "plain, round 1: 30.0 % [25.0 to 35.0]" in shown
    assert "screened, round 1: 80.0 % [80.0 to 80.0]" in shown


def test_genuine_wins_begin_with_the_first_round_that_has_them(groups):
    shown = rounds_figure(groups, genuine_fraction, label="genuine", scheme="dark")
    assert "plain, round 1: 75.0 % [75.0 to 75.0]" in shown
    assert "round 0" not in shown
    assert rounds_figure(groups, lambda entry: None, label="nothing", scheme="dark") is None


def test_every_run_has_its_effect_on_one_scale_with_zero(groups):
    shown = effects_figure(groups, scheme="light")
    ElementTree.fromstring(shown)
    assert shown.count("+25.0 [+15.0 to +35.0]") == 3
    zero = float(re.search(r'class="grid" x1="([\d.]+)"', shown)[1])
    assert all(float(x) > zero for x in re.findall(r'class="bar" x1="([\d.]+)"', shown))
    for run in groups["plain"]:
        run.summary["thought_effect"] = None
    del groups["screened"]
    assert effects_figure(groups, scheme="light") is None


def test_settings_are_shown_as_differences_to_the_first(groups):
    difference = {"points": -2.0, "low": -5.0, "high": 1.0}
    compared = {
        "baseline": "plain",
        "settings": {"plain": {"difference": None}, "screened": {"difference": difference}},
    }
    shown = differences_figure(groups, compared, scheme="light")
    ElementTree.fromstring(shown)
    assert "accuracy minus that of plain" in shown
    assert shown.count("<circle") == shown.count("-2.0 [-5.0 to +1.0]") == 1
    assert '<g class="s1">' in shown, "the colour that the setting has in the other pictures"
    assert differences_figure(groups, {}, scheme="light") is None
