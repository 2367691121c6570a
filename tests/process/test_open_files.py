import resource

import pytest

from thoughtrank.process.open_files import allow_open_files

UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "number", "expected"),
    [
        ((1024, 20000), 1024, (1536, 20000)),
        ((1024, UNLIMITED), 4096, (4608, UNLIMITED)),
        ((1024, 1200), 1024, (1200, 1200)),
        ((1024, 20000), 16, None),
        ((UNLIMITED, UNLIMITED), 4096, None),
    ],
)
def test_the_own_limit_is_raised_as_far_as_needed_and_allowed(monkeypatch, limits, number, expected):
    set_to = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda kind, pair: set_to.append(pair))
    allow_open_files(number)
    assert set_to == ([] if expected is None else [expected])


def test_a_system_that_refuses_is_no_error(monkeypatch):
    def refuse(kind, pair):
        raise ValueError("not allowed")

    monkeypatch.setattr(resource, "getrlimit", lambda kind: (256, UNLIMITED))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    allow_open_files(1024)
