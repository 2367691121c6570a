"""The module path while ``thoughtrank.api.run`` runs, and afterwards."""

import sys

import pytest

from thoughtrank import api


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """The module paths that runs have; one raises for a number of rounds below 1."""
    seen = []

    def do_run(values, **_):
        seen.append([*sys.path])
        if values["rounds"] < 1:
            raise api.UserError("rounds")

    monkeypatch.setattr(api, "do_run", do_run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    return seen


def test_the_working_folder_comes_last_during_a_run_and_where_it_was_afterwards(paths, tmp_path):
    before = [*sys.path]
    api.run({"rounds": 1})
    with pytest.raises(api.UserError):
        api.run({"rounds": 0})
    assert [each[-1] for each in paths] == [str(tmp_path)] * 2
    assert all("" not in each for each in paths)
    assert sys.path == before


def test_a_path_that_is_added_during_a_run_stays(paths, monkeypatch):
    monkeypatch.setattr(api, "compose", lambda *_, **__: sys.path.append("/added") or api.UserError)
    with pytest.raises(AttributeError):
        api.run([])
    assert "/added" in sys.path
