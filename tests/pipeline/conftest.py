"""Runs of the real command line with the real config made small."""

from collections.abc import Callable

import pytest
from forked_command import fork_server_at
from shadowing_files import write_shadowing_files
from small_runs import Workplace


@pytest.fixture(scope="session", autouse=True)
def _commands_are_forked(fork_server):
    with fork_server_at(fork_server):
        yield


@pytest.fixture
def workplace(tmp_path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture(scope="session")
def new_workplace(tmp_path_factory) -> Callable[[str], Workplace]:
    """Makes a workplace that outlives a single test."""
    return lambda name: Workplace(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def finished(shared_folder) -> Workplace:
    """One finished run of two rounds, called ``base``, that all workers share; tests read it and do not change it.

    Its interpreter was started for it. So what reproduces its tables in a forked one does so with other hashes. Its working
    folder holds files that are called like modules of Python.
    """

    def run(folder):
        write_shadowing_files(folder)
        output = Workplace(folder).run("run=base", "rounds=2", "logger=csv", fresh=True)
        (folder / "output.txt").write_text(output)

    folder = shared_folder("finished", run)
    return Workplace(folder, output=(folder / "output.txt").read_text())
