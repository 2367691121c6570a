"""Files of the user's that are called like modules of Python harm no command, and modules of the user's own are found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thoughtrank.process.module_path import search_working_folder_last, working_folder_last

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module_path", ["", "."])
@pytest.mark.parametrize(
    "command",
    [
        [str(ROOT / "train.py"), "--version"],
        ["-m", "thoughtrank", "--version"],
        ["-P", "-m", "thoughtrank.report", "--help"],
        ["-m", "thoughtrank.data", "--help"],
        ["-m", "thoughtrank.report", "--help"],
    ],
    ids=lambda each: each[-2].rpartition("/")[2],
)
def test_commands_start_beside_files_that_are_called_like_modules_of_python(shadowed_folder, command, module_path):
    if module_path or command[0] == "-m":
        (shadowed_folder / "types.py").unlink()  # Python itself would not start
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [module_path, str(ROOT)]))}
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_this_package_begins_with_modules_that_every_python_has_loaded_already(tmp_path):
    """Without any module path nothing else can be imported; ``-S`` is a Python without the hooks of an installation."""
    program = f"import sys; sys.path[:] = [{str(ROOT)!r}]; import thoughtrank; print(thoughtrank.__version__)"
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_working_folder_is_last_however_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    given = ["", "/a", ".", str(tmp_path), str(tmp_path / "link"), "/b"]
    assert working_folder_last(given) == ["/a", "/b", str(tmp_path)]
    monkeypatch.setattr(sys, "path", given)
    search_working_folder_last()
    search_working_folder_last()
    assert sys.path == ["/a", "/b", str(tmp_path)]


def test_a_working_folder_that_is_gone_is_left_out(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert working_folder_last(["", "/a"]) == ["/a"]
    monkeypatch.chdir(tmp_path)
