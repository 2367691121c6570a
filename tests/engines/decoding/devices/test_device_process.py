"""The process of a device, as a session: what it reports, and how it ends."""

import threading
from multiprocessing import Pipe

import pytest
from echoing_session import LIMITS, EchoingSession, group

from thoughtrank.engines.decoding.devices.device_process import DeviceProcess, device_environment
from thoughtrank.engines.decoding.devices.records import Done
from thoughtrank.engines.decoding.devices.worker import failure, serve
from thoughtrank.errors import UserError


class Failing(EchoingSession):
    def generate(self, requests, *, limits, on_step):
        if requests[0].prompt == "user":
            raise UserError("too long", "and too wide")
        return super().generate(requests, limits=limits, on_step=on_step)


@pytest.fixture
def session():
    """A process that is a thread."""
    ours, theirs = Pipe()
    theirs.send(Done([], {}))
    thread = threading.Thread(target=serve, args=(theirs, Failing(0, [])), daemon=True)
    thread.start()
    with DeviceProcess(ours) as session:
        yield session
    thread.join(5)
    assert not thread.is_alive()


def test_it_answers_and_reports_its_steps(session):
    steps = []
    assert session.generate(group("3"), limits=LIMITS, on_step=lambda *step: steps.append(step)) == [["3"]]
    assert (sum(tokens for tokens, _ in steps), sum(finished for _, finished in steps)) == (3, 1)
    assert session.score(group("3")) == [["3", "scored"]]
    assert session.facts() == {"engine": "fake", "threads": 8}


def test_errors_of_the_user_are_raised_again(session):
    with pytest.raises(UserError) as caught:
        session.generate(group("user"), limits=LIMITS)
    assert caught.value.faults == ("too long", "and too wide")


def test_bugs_keep_their_traceback(session):
    with pytest.raises(RuntimeError, match="ValueError: a bug"):
        session.generate(group("bug"), limits=LIMITS)


@pytest.mark.parametrize("opened", [True, False])
def test_a_process_that_has_ended_is_one_message(opened):
    ours, theirs = Pipe()
    if opened:
        theirs.send(Done([], {}))
    theirs.close()
    with pytest.raises(UserError, match="process of a device has ended"), DeviceProcess(ours) as session:
        session.generate(group("1"), limits=LIMITS)
    assert ours.closed


def test_a_model_that_cannot_be_opened_is_the_message_of_its_process():
    ours, theirs = Pipe()
    theirs.send(failure(UserError("raise engine.token_budget")))
    with pytest.raises(UserError, match=r"raise engine\.token_budget"), DeviceProcess(ours) as session:
        session.wait_until_open()


def test_a_process_that_sends_nothing_can_be_given_up():
    ours, theirs = Pipe()

    def on_step(tokens, finished):
        raise InterruptedError

    with pytest.raises(InterruptedError), DeviceProcess(ours) as session:
        session.wait_until_open(on_step)
    theirs.close()


def test_every_process_sees_one_of_the_devices_that_this_one_sees():
    assert device_environment({}, 1, found=2) == {"CUDA_VISIBLE_DEVICES": "1"}
    named = {"CUDA_VISIBLE_DEVICES": "4, 6"}
    assert [device_environment(named, number, found=2)["CUDA_VISIBLE_DEVICES"] for number in range(2)] == ["4", "6"]
    assert device_environment({}, 1, found=0) == {}


def test_more_processes_than_devices_share_them():
    assert device_environment({}, 1, found=1) == {"CUDA_VISIBLE_DEVICES": "0"}
    named = {"CUDA_VISIBLE_DEVICES": "4,6"}
    assert [device_environment(named, number, found=2)["CUDA_VISIBLE_DEVICES"] for number in range(4)] == [*"4646"]
