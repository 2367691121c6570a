"""Groups on several devices: the same results, each as soon as it is finished."""

import threading
import time
from multiprocessing import Pipe

import pytest

from thoughtrank.engines.decoding.devices.devices_session import DevicesSession, DeviceWorker, device_environment
from thoughtrank.engines.decoding.devices.records import Done
from thoughtrank.engines.decoding.devices.worker import failure, serve
from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.errors import UserError

LIMITS = Limits(thought_tokens=1, answer_tokens=1)


class Session:
    """Answers a prompt with itself, after as many milliseconds as it says."""

    def __init__(self, number, log):
        self.number, self.log = number, log

    def generate(self, requests, *, limits, on_step):
        self.log.append((self.number, requests[0].prompt))
        if requests[0].prompt == "user":
            raise UserError("too long", "and too wide")
        if requests[0].prompt == "bug":
            raise ValueError("a bug")
        time.sleep(int(requests[0].prompt) / 1000)
        on_step(1, len(requests))
        return [[request.prompt] for request in requests]

    def score(self, requests, *, on_step):
        return [[request.prompt, "scored"] for request in requests]

    def facts(self):
        return {"engine": "fake"}


@pytest.fixture
def log():
    return []


@pytest.fixture
def session(log):
    """Two devices whose processes are threads."""
    threads = []

    def start(number):
        ours, theirs = Pipe()
        theirs.send(Done([], {}))
        threads.append(threading.Thread(target=serve, args=(theirs, Session(number, log)), daemon=True))
        threads[-1].start()
        return DeviceWorker(ours)

    with DevicesSession(start, devices=2) as session:
        yield session
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def group(prompt):
    return [GenerationRequest(prompt, (Branch(opener="", in_thought=False),))]


def test_groups_come_back_as_they_finish_and_use_every_device(session, log):
    prompts, steps = ["400", "1", "2", "3", "4", "5"], []
    results = list(
        session.generate_groups(map(group, prompts), limits=LIMITS, on_step=lambda *each: steps.append(each))
    )
    assert sorted(results) == [(place, [[prompt]]) for place, prompt in enumerate(prompts)]
    # The slow one holds up no other one.
    assert results[-1].place == 0
    assert {number for number, _ in log} == {0, 1}
    device = {prompt: number for number, prompt in log}
    assert {device[prompt] for prompt in prompts[1:]} == {1 - device["400"]}
    assert sum(finished for _, finished in steps) == len(prompts)
    assert session.facts() == {"engine": "fake", "devices": 2}


def test_a_group_may_be_generated_while_others_are_on_their_way(session):
    """As the stage does with its probe."""
    groups = session.generate_groups(map(group, ["1", "30", "30"]), limits=LIMITS)
    assert next(groups) == (0, [["1"]])
    assert session.generate(group("2"), limits=LIMITS) == [["2"]]
    assert session.score(group("3")) == [["3", "scored"]]
    assert sorted(groups) == [(1, [["30"]]), (2, [["30"]])]


def test_a_device_gets_its_next_group_before_the_finished_one_is_handed_out(session):
    left = iter(["1", "2", "3", "4"])
    groups = session.generate_groups(map(group, left), limits=LIMITS)
    next(groups)
    assert list(left) == ["4"]
    assert len(list(groups)) == 2


def test_errors_of_a_device_are_errors_of_the_session(session):
    with pytest.raises(UserError) as caught:
        session.generate(group("user"), limits=LIMITS)
    assert caught.value.faults == ("too long", "and too wide")


def test_bugs_of_a_device_keep_their_traceback(session):
    with pytest.raises(RuntimeError, match="ValueError: a bug"):
        list(session.generate_groups([group("bug")], limits=LIMITS))


@pytest.mark.parametrize("opened", [True, False])
def test_a_process_that_has_ended_is_one_message(opened):
    ours, theirs = Pipe()
    if opened:
        theirs.send(Done([], {}))
    theirs.close()
    with (
        pytest.raises(UserError, match="process of a device has ended"),
        DevicesSession(lambda number: DeviceWorker(ours), devices=2) as session,
    ):
        session.generate(group("1"), limits=LIMITS)
    assert ours.closed


def test_a_model_that_cannot_be_opened_is_the_message_of_its_process():
    ours, theirs = Pipe()
    theirs.send(failure(UserError("raise engine.token_budget")))
    with pytest.raises(UserError, match=r"raise engine\.token_budget"):
        DevicesSession(lambda number: DeviceWorker(ours), devices=2)
    assert ours.closed


def test_one_group_and_what_is_no_group_need_one_device(session):
    assert session.generate(group("1"), limits=LIMITS) == [["1"]]
    assert session.score(group("2")) == [["2", "scored"]]
    assert list(session.generate_groups([group("3")], limits=LIMITS)) == [(0, [["3"]])]
    assert session.facts() == {"engine": "fake", "devices": 1}


def test_every_process_sees_one_of_the_devices_that_this_one_sees():
    assert device_environment({}, 1, found=2) == {"CUDA_VISIBLE_DEVICES": "1"}
    named = {"CUDA_VISIBLE_DEVICES": "4, 6"}
    assert [device_environment(named, number, found=2)["CUDA_VISIBLE_DEVICES"] for number in range(2)] == ["4", "6"]
    assert device_environment({}, 1, found=0) == {}


def test_more_processes_than_devices_share_them():
    assert device_environment({}, 1, found=1) == {"CUDA_VISIBLE_DEVICES": "0"}
    named = {"CUDA_VISIBLE_DEVICES": "4,6"}
    assert [device_environment(named, number, found=2)["CUDA_VISIBLE_DEVICES"] for number in range(4)] == [*"4646"]
