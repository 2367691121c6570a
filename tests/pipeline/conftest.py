"""Runs of the real command line with the real config made small."""

from collections.abc import Callable

import pytest
from small_runs import Workplace


@pytest.fixture
def workplace(tmp_path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture(scope="session")
def new_workplace(tmp_path_factory) -> Callable[[str], Workplace]:
    """Makes a workplace that outlives a single test."""
    return lambda name: Workplace(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def finished(new_workplace) -> Workplace:
    """One finished run, called ``base``; tests read it and do not change it."""
    place = new_workplace("finished")
    place.output = place.run("run=base", "logger=csv")  # type: ignore[attr-defined]
    return place
