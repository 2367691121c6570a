"""Continuous integration finds a second Python where the machine has one that works."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    any(Path(f"/usr/bin/python{version}").exists() for version in ("3.12", "3.13")),
    reason="this system has one of its own",
)
SCRIPT = Path(__file__).parents[1] / ".ci" / "other_python"


def found(*, path, pyenv):
    env = {"PATH": f"{path}:/usr/bin:/bin", "PYENV_ROOT": str(pyenv)}
    done = subprocess.run([SCRIPT], env=env, capture_output=True, text=True)
    return done.returncode, done.stdout.strip()


@pytest.fixture
def pythons(tmp_path):
    """Makes programs that end with a status, as an interpreter, or a shim without one, would."""

    def make(name, status):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\nexit {status}\n")
        file.chmod(0o755)
        return str(file)

    return make


def test_one_on_the_path_is_taken(pythons, tmp_path):
    pythons("bin/python3.13", 0)
    assert found(path=tmp_path / "bin", pyenv=tmp_path / "none") == (0, "python3.13")


def test_a_shim_without_an_interpreter_is_passed_over_for_the_one_of_pyenv(pythons, tmp_path):
    pythons("bin/python3.12", 127)
    real = pythons("pyenv/versions/3.12.1/bin/python3.12", 0)
    pythons("bin/python3.13", 0)
    assert found(path=tmp_path / "bin", pyenv=tmp_path / "pyenv") == (0, real)


def test_without_any_the_status_says_so(pythons, tmp_path):
    pythons("bin/python3.12", 127)
    assert found(path=tmp_path / "bin", pyenv=tmp_path / "none") == (1, "")
