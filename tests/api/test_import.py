"""``thoughtrank.api`` in scripts and notebooks beside a user's own files that are called like modules of Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shadowing_files import write_shadowing_files

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
before = [*sys.path]
from thoughtrank.api import UserError, run
try:
    run({"rounds": 0})
except UserError as error:
    print(error)
import my_part
print(sys.path == before)
"""


def python(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": ""}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path):
    """A folder of the user's, with a script and a module beside the files that are called like modules of Python."""
    write_shadowing_files(tmp_path / "mine")
    (tmp_path / "mine" / "my_part.py").write_text("print('found')")
    (tmp_path / "mine" / "script.py").write_text(PROGRAM)
    return tmp_path / "mine"


@pytest.mark.parametrize("started", ["script", "script from elsewhere", "text"])
def test_it_is_imported_and_runs_and_the_module_path_is_afterwards_as_before(project, started):
    if started == "script":
        done = python("script.py", cwd=project)
    elif started == "script from elsewhere":
        done = python("mine/script.py", cwd=project.parent)
    else:
        done = python("-c", PROGRAM, cwd=project)
    assert done.stdout == "rounds: input should be greater than 0, not 0\nfound\nTrue\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("own", "program"),
    [
        ("copy.py", "import copy\nfrom thoughtrank.api import run"),
        ("random.py", "import random\nfrom thoughtrank.api import run\nrun(['model=tiny', 'dry_run=true'])"),
    ],
)
def test_a_file_that_has_replaced_a_module_already_is_named(tmp_path, own, program):
    (tmp_path / own).write_text("mine = 1\n")
    (tmp_path / "script.py").write_text(program)
    done = python("script.py", cwd=tmp_path)
    assert (
        done.stderr.splitlines()[-1]
        == f"thoughtrank.errors.UserError: {tmp_path / own} has the name of a module of Python that libraries need: "
        "rename it, and start Python again"
    )
    assert "site-packages" not in done.stderr
