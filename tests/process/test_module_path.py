"""Files of the user's that are called like modules of Python harm no command, and modules of the user's own are found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shadowing_files import write_shadowing_files

from thoughtrank.process.child_module import module_command
from thoughtrank.process.module_path import search_working_folder_last, working_folder_last

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with such files, and a module of the user's own."""
    write_shadowing_files(tmp_path)
    (tmp_path / "my_part.py").write_text("print('found')")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("module_path", ["", "."])
@pytest.mark.parametrize(
    "command",
    [
        [str(ROOT / "train.py"), "--version"],
        ["-m", "thoughtrank", "--version"],
        ["-m", "thoughtrank.data", "--help"],
        ["-m", "thoughtrank.report", "--help"],
    ],
    ids=lambda each: each[-2].rpartition("/")[2],
)
def test_commands_start_beside_files_that_are_called_like_modules_of_python(folder, command, module_path):
    if module_path or command[0] == "-m":
        (folder / "types.py").unlink()  # Python itself would not start
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [module_path, str(ROOT)]))}
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("module_path", ["", "."])
def test_child_processes_start_beside_such_files_and_find_the_users_own_modules(folder, module_path, monkeypatch):
    if module_path:
        (folder / "types.py").unlink()  # Python itself would not start
    monkeypatch.setenv("PYTHONPATH", module_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    done = subprocess.run(module_command("thoughtrank.finetuning"), capture_output=True, text=True)
    assert done.stderr.startswith("error: usage: python -m thoughtrank.finetuning")
    assert subprocess.run(module_command("my_part"), capture_output=True, text=True).stdout == "found\n"


def test_a_child_process_gets_its_arguments_and_this_package_wherever_another_version_is_installed(
    tmp_path, monkeypatch
):
    other = tmp_path / "installed" / "thoughtrank"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise RuntimeError('another version')")
    program = "import sys, thoughtrank; print(sys.argv[1:], thoughtrank.__file__)"
    (tmp_path / "shows.py").write_text(program)
    monkeypatch.setattr(sys, "path", [str(other.parent), *sys.path, str(tmp_path)])
    done = subprocess.run(module_command("shows", "a b", ""), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"['a b', ''] {ROOT / 'thoughtrank' / '__init__.py'}"


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
