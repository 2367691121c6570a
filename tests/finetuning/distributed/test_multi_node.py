"""Two machines, as two threads of this process with a real key-value store; trainings are replaced by functions."""

import socket
import threading
import time
from pathlib import Path

import pytest

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed import multi_node
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.finetuning.distributed.rendezvous import Rendezvous
from thoughtrank.http_api.ports import free_port


@pytest.fixture
def job_file(tmp_path) -> Path:
    path = tmp_path / "job.yaml"
    path.touch()
    return path


@pytest.fixture
def launches(monkeypatch):
    """What every machine launches, in the place of real ranks: its launch config, in ``launches``."""
    launches = []

    def run_ranks(job_file, *, launch, check=lambda: None, listening=None):
        launches.append((job_file, launch))
        if listening is not None:
            assert listening.getsockname() == ("127.0.0.1", launch.port)
            listening.close()

    monkeypatch.setattr(multi_node, "run_ranks", run_ranks)
    monkeypatch.setattr(multi_node, "_POLL_SECONDS", 0.01)
    return launches


def machine(rank, port):
    return MultiNodeTraining(Rendezvous(node_rank=rank, num_nodes=2, port=port))


def follow_in_thread(port):
    """The second machine; returns its thread and the errors it ended with."""
    errors = []

    def follow():
        try:
            with machine(1, port) as training:
                training.follow(devices=3)
        except UserError as error:
            errors.append(error)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    return thread, errors


def test_one_machine_trains_without_a_store(launches, job_file):
    with MultiNodeTraining(Rendezvous()) as training:
        training.train(job_file, devices=2)
    [(_, launch)] = launches
    assert (launch.devices, launch.num_nodes, launch.port) == (2, 1, 0)


def test_every_machine_takes_part_in_every_training_until_the_first_one_leaves(launches, job_file):
    port = free_port()
    with machine(0, port) as training:
        thread, errors = follow_in_thread(port)
        for _ in range(2):
            training.train(job_file, devices=3)
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert errors == []
    assert {path for path, _ in launches} == {job_file}
    assert sorted(launch.node_rank for _, launch in launches) == [0, 0, 1, 1]
    # The ranks of one training meet at one port.
    assert len({launch.port for _, launch in launches}) == 2
    assert {(launch.devices, launch.num_nodes) for _, launch in launches} == {(3, 2)}


def wait_for_the_fault_of_another(monkeypatch, fault):
    """The first machine trains until it learns of a fault; the ranks of the other one raise ``fault``."""
    monkeypatch.setattr(multi_node, "_POLL_SECONDS", 0.01)

    def run_ranks(job_file, *, launch, check, listening=None):
        if launch.node_rank:
            raise fault
        until = time.monotonic() + 30
        while time.monotonic() < until:
            check()

    monkeypatch.setattr(multi_node, "run_ranks", run_ranks)


def test_a_fault_on_another_machine_ends_the_training_on_the_first(monkeypatch, job_file, capsys):
    wait_for_the_fault_of_another(monkeypatch, UserError("no space left"))
    port = free_port()
    with machine(0, port) as training:
        thread, errors = follow_in_thread(port)
        with pytest.raises(UserError, match="machine 1: no space left"):
            training.train(job_file, devices=1)
    thread.join(timeout=30)
    assert errors == [], "the other machine waits for what the first one decides"
    assert "training failed on machine 1" in capsys.readouterr().out


def test_a_job_that_another_machine_does_not_see_ends_the_training_on_the_first(monkeypatch, tmp_path):
    wait_for_the_fault_of_another(monkeypatch, AssertionError("started without its job"))
    monkeypatch.setattr(multi_node, "_FILE_TIMEOUT_SECONDS", 0.0)
    port = free_port()
    with machine(0, port) as training:
        thread, errors = follow_in_thread(port)
        with pytest.raises(UserError, match=r"machine 1: .* must be on a disk that all machines share"):
            training.train(tmp_path / "job.yaml", devices=1)
    thread.join(timeout=30)
    assert errors == [], "the other machine waits for what the first one decides"


@pytest.mark.skipif(not Path("/proc/self/net").exists(), reason="other systems have one loopback address only")
def test_the_first_machine_listens_on_the_address_it_was_given_only(launches):
    port = free_port()
    with machine(0, port) as training:
        thread, _ = follow_in_thread(port)
        with socket.create_connection(("127.0.0.1", port)):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port))
        assert training.rendezvous.listen == "127.0.0.1"
    thread.join(timeout=30)


def test_a_port_that_is_taken_is_a_fault_that_names_it(launches):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"127.0.0.1:{port}"), machine(0, port):
            pass
