"""Files of the user's that are called like modules of Python harm no command, and modules of the user's own are found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thoughtrank.process.module_path import (
    UserFoldersLast,
    replaced_module,
    search_working_folder_last,
    working_folder_last,
)

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


def test_the_folder_of_a_script_is_last_with_the_working_folder_and_only_for_a_while(tmp_path, monkeypatch):
    script, working = tmp_path / "script", tmp_path / "working"
    script.mkdir()
    working.mkdir()
    monkeypatch.chdir(working)
    monkeypatch.setattr(sys, "argv", [str(script / "mine.py")])
    before = [str(script), "/a", "", "/b"]
    monkeypatch.setattr(sys, "path", [*before])
    with UserFoldersLast():
        assert sys.path == ["/a", "/b", str(script), str(working)]
    assert sys.path == before


@pytest.mark.parametrize("program", ["", "-c", os.__file__, "/venv/lib/python3/site-packages/ipykernel_launcher.py"])
def test_folders_of_python_and_of_packages_keep_their_places(tmp_path, monkeypatch, program):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [program])
    paths = [str(Path(program).parent), "/a"] if program.startswith("/") else ["/a"]
    monkeypatch.setattr(sys, "path", [*paths])
    with UserFoldersLast():
        assert sys.path == [*paths, str(tmp_path)]


def test_only_a_file_in_place_of_a_module_of_python_is_a_replaced_module(tmp_path, monkeypatch):
    for name in ("queue", "my_replaced_part"):
        (tmp_path / f"{name}.py").write_text("")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert replaced_module(error_of("from queue import Queue")) == str(tmp_path / "queue.py")
    assert replaced_module(error_of("import queue; queue.Queue")) == str(tmp_path / "queue.py")
    assert replaced_module(error_of("from my_replaced_part import missing")) is None
    assert replaced_module(error_of("from json import missing")) is None
    assert replaced_module(error_of("import nothing_of_this_name")) is None
    assert replaced_module(error_of("(1).missing")) is None


def error_of(program):
    with pytest.raises((ImportError, AttributeError)) as caught:
        exec(program)
    return caught.value
