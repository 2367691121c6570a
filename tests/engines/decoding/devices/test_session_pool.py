"""Groups on several sessions: the same results, each as soon as it is finished."""

import time
from concurrent.futures import wait
from contextlib import closing
from types import SimpleNamespace

import pytest
import torch
from echoing_session import LIMITS, EchoingSession, group

from thoughtrank.engines.decoding.devices import session_pool
from thoughtrank.engines.decoding.devices.session_pool import SessionPool


@pytest.fixture
def log():
    return []


@pytest.fixture
def pool(log):
    opened = []

    def another(number):
        opened.append(EchoingSession(number, log))
        return opened[-1]

    with SessionPool(another(0), another, at_most=2) as pool:
        yield pool
    assert all(session.closed for session in opened)


def test_groups_come_back_as_they_finish_and_use_every_session(pool, log):
    prompts, steps = ["400", "1", "2", "3", "4", "5"], []
    results = list(pool.generate_groups(map(group, prompts), limits=LIMITS, on_step=lambda *each: steps.append(each)))
    assert sorted(results) == [(place, [[prompt]]) for place, prompt in enumerate(prompts)]
    # The slow one holds up no other one.
    assert results[-1].place == 0
    session = {prompt: number for number, prompt, _ in log}
    assert {session[prompt] for prompt in prompts[1:]} == {1 - session["400"]}
    assert sum(finished for _, finished in steps) == len(prompts)
    assert pool.facts() == {"engine": "fake", "threads": 8, "devices": 2}


def test_a_group_may_be_generated_while_others_are_on_their_way(pool):
    """As the stage does with its probe."""
    groups = pool.generate_groups(map(group, ["1", "30", "30"]), limits=LIMITS)
    assert next(groups) == (0, [["1"]])
    assert pool.generate(group("2"), limits=LIMITS) == [["2"]]
    assert pool.score(group("3")) == [["3", "scored"]]
    assert sorted(groups) == [(1, [["30"]]), (2, [["30"]])]


def test_a_session_gets_its_next_group_before_the_finished_one_is_handed_out(pool):
    left = iter(["1", "2", "3", "4"])
    groups = pool.generate_groups(map(group, left), limits=LIMITS)
    next(groups)
    assert list(left) == ["4"]
    assert len(list(groups)) == 2


def test_an_error_ends_the_work_on_the_other_groups(pool):
    started = time.monotonic()
    with pytest.raises(ValueError, match="a bug"):
        list(pool.generate_groups(map(group, ["60000", "bug"]), limits=LIMITS))
    assert time.monotonic() - started < 30


def test_groups_that_finished_together_with_an_error_come_before_it(pool, monkeypatch):
    class FailedFirst(set):
        """Futures; that of the failed group comes first."""

        def __iter__(self):
            return iter(sorted(super().__iter__(), key=lambda future: future.exception() is None))

    monkeypatch.setattr(
        session_pool, "wait", lambda running, return_when: SimpleNamespace(done=FailedFirst(wait(running).done))
    )
    left = iter(["bug", "1", "2"])
    groups = pool.generate_groups(map(group, left), limits=LIMITS)
    assert next(groups) == (1, [["1"]])
    with pytest.raises(ValueError, match="a bug"):
        next(groups)
    assert list(left) == ["2"]


def test_so_does_an_end_of_the_caller(pool):
    started = time.monotonic()
    with closing(pool.generate_groups(map(group, ["1", "60000", "60000"]), limits=LIMITS)) as groups:
        next(groups)
    assert time.monotonic() - started < 30


def test_one_group_and_what_is_no_group_need_one_session(pool):
    assert pool.generate(group("1"), limits=LIMITS) == [["1"]]
    assert pool.score(group("2")) == [["2", "scored"]]
    assert list(pool.generate_groups([group("3")], limits=LIMITS)) == [(0, [["3"]])]
    assert pool.facts()["devices"] == 1


def test_torch_computes_with_the_threads_of_one_session_and_then_with_its_own_again(log):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        with SessionPool(
            EchoingSession(0, log), lambda number: EchoingSession(number, log), at_most=2, threads=2
        ) as pool:
            list(pool.generate_groups(map(group, ["5", "5", "5"]), limits=LIMITS))
            pool.generate(group("1"), limits=LIMITS)
            assert pool.facts()["threads"] == 2
        assert [threads for _, _, threads in log] == [2] * 4
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
