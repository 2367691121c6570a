import os
import subprocess
import sys
from pathlib import Path

import pytest

from thoughtrank.process.writable_folders import nearest_existing, unwritable, writing_error

ALL = ["MPLCONFIGDIR", "TORCH_EXTENSIONS_DIR", "TRITON_CACHE_DIR"]
SHOWS = (
    "import os, sys; from thoughtrank.entry_point import prepare_program; prepare_program(); "
    "print(*(os.environ.get(name, '-') for name in sys.argv[1:])); "
    "print(all(os.path.isdir(os.path.dirname(os.environ.get(name, '/'))) for name in sys.argv[1:]))"
)


@pytest.fixture
def no_home(monkeypatch):
    """No file can be made there, by anybody."""
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TRITON_HOME", *ALL):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/proc/no-home")


def test_libraries_get_folders_in_place_of_those_in_a_home_that_cannot_be_written(no_home):
    done = subprocess.run([sys.executable, "-c", SHOWS, *ALL], capture_output=True, text=True, check=True)
    folders, exist = done.stdout.splitlines()
    assert exist == "True"
    assert all("thoughtrank-" in each and "/proc" not in each for each in folders.split())
    assert not Path(folders.split()[0]).parent.exists()  # gone with the process


def test_a_home_that_can_be_written_and_folders_that_are_chosen_stay(no_home, monkeypatch, tmp_path):
    assert unwritable(os.environ) == ALL
    assert unwritable({"MPLCONFIGDIR": "/chosen"}) == ALL[1:]
    assert unwritable({"XDG_CACHE_HOME": str(tmp_path)}) == ["MPLCONFIGDIR", "TRITON_CACHE_DIR"]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert unwritable(os.environ) == []
    assert list(tmp_path.iterdir()) == []


def test_a_user_without_a_home_has_none_that_can_be_written(no_home, monkeypatch):
    def fail(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", fail)
    assert unwritable({}) == ALL


UNKNOWN = (
    "import os, pwd; unknown = lambda _: pwd.getpwnam('no such user'); pwd.getpwuid = unknown; "
    "from thoughtrank.entry_point import prepare_program; prepare_program(); "
    "import getpass, pathlib; print(getpass.getuser(), pathlib.Path('~/x').expanduser())"
)


def test_a_user_id_that_the_system_does_not_know_gets_a_name_and_a_home():
    known = {"HOME", "USER", "LOGNAME", "LNAME", "USERNAME"}
    environment = {name: value for name, value in os.environ.items() if name not in known}
    done = subprocess.run([sys.executable, "-c", UNKNOWN], env=environment, capture_output=True, text=True, check=True)
    name, file = done.stdout.split()
    assert name == f"uid-{os.getuid()}"
    assert "thoughtrank-" in file


def test_why_a_folder_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    assert writing_error(tmp_path / "a" / "b") is None
    assert writing_error(tmp_path / "file") == "Not a directory"
    assert writing_error(tmp_path / ("x" * 300)) == "File name too long"
    assert writing_error(tmp_path / "a\0b") is not None
    assert nearest_existing(tmp_path / "a" / "b") == tmp_path
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
