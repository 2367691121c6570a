from pathlib import Path

import pytest

from thoughtrank.storage.run_names import run_name, run_name_fault


@pytest.mark.parametrize(
    "name", [".", "..", "../x", "../../x", "a/../b", "a/../../../x", "/tmp/x", "//x", "", "/", "./..", "./."]
)
def test_a_run_stays_inside_runs_dir(name):
    assert "must be a folder inside runs_dir" in run_name_fault(name)


@pytest.mark.parametrize("name", ["mine", "study/mine", "study/a/b", "./mine", "a..b", "...", "study/mine/", "größe 2"])
def test_folders_inside_runs_dir_are_names(name):
    assert run_name_fault(name) is None


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "\x1b[2J", "\udcff"])
def test_control_characters_are_refused(name):
    assert "control characters" in run_name_fault(name)


def test_a_name_has_to_fit_in_a_folder_name():
    assert run_name_fault("a" * 255) is None
    assert "longer than the 255 bytes" in run_name_fault("a" * 300)
    assert "longer than the 255 bytes" in run_name_fault("study/" + "ä" * 128)
    assert "longer than 1000 bytes" in run_name_fault("/".join(["a" * 200] * 6))


def test_the_name_of_a_run_is_its_path_below_runs_dir():
    assert run_name(Path("runs/study/mine"), runs_dir=Path("runs")) == "study/mine"
    assert run_name(Path("/elsewhere/mine"), runs_dir=Path("runs")) == "mine"
