"""Runs of the real command line with the real config made small."""

import os
from collections.abc import Callable

import pytest
from filelock import FileLock
from small_runs import Workplace


@pytest.fixture
def workplace(tmp_path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture(scope="session")
def new_workplace(tmp_path_factory) -> Callable[[str], Workplace]:
    """Makes a workplace that outlives a single test."""
    return lambda name: Workplace(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Workplace:
    """One finished run of two rounds, called ``base``, that all workers share; tests read it and do not change it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "finished"
    folder.mkdir(exist_ok=True)
    output = folder / "output.txt"
    with FileLock(folder / "lock"):
        if not output.exists():
            output.write_text(Workplace(folder).run("run=base", "rounds=2", "logger=csv"))
    return Workplace(folder, output=output.read_text())
