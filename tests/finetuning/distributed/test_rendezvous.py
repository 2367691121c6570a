"""Which machine this is, from the environment variables of launchers."""

import pytest

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed import listen_address
from thoughtrank.finetuning.distributed.rendezvous import Rendezvous

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none",
    "GROUP_RANK": "1",
    "GROUP_WORLD_SIZE": "2",
    "LOCAL_WORLD_SIZE": "1",
    "MASTER_ADDR": "first",
    "MASTER_PORT": "29500",
}
SLURM = {
    "SLURM_NODEID": "1",
    "SLURM_NNODES": "2",
    "SLURM_NTASKS": "2",
    "SLURM_JOB_ID": "1234567",
    "SLURM_JOB_NODELIST": "gpu[07-08]",
}
BY_HAND = {"NODE_RANK": "1", "MASTER_ADDR": "first", "MASTER_PORT": "29500"}


def test_one_machine_needs_no_variables_and_heeds_none():
    assert Rendezvous.find({}, num_nodes=1) == Rendezvous.find(TORCHRUN | SLURM, num_nodes=1) == Rendezvous()


def test_under_torchrun_the_port_beside_its_own_is_used():
    assert Rendezvous.find(TORCHRUN, num_nodes=2) == Rendezvous(node_rank=1, num_nodes=2, address="first", port=29501)


def test_under_slurm_the_first_name_of_the_list_and_a_port_of_the_job_are_used():
    assert Rendezvous.find(SLURM, num_nodes=2) == Rendezvous(node_rank=1, num_nodes=2, address="gpu07", port=19567)


def test_variables_set_by_hand_go_before_those_of_slurm():
    assert Rendezvous.find(SLURM | BY_HAND, num_nodes=2) == Rendezvous(
        node_rank=1, num_nodes=2, address="first", port=29500
    )


def test_machines_that_call_themselves_by_a_debian_name_meet_in_their_network(monkeypatch):
    monkeypatch.setattr(listen_address.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.1.1", 0))])
    monkeypatch.setattr(listen_address, "_network_addresses", lambda: ["10.0.0.7"])
    machines = [Rendezvous.find(BY_HAND | {"NODE_RANK": rank}, num_nodes=2) for rank in ("0", "1")]
    assert [machine.address for machine in machines] == ["10.0.0.7", "10.0.0.7"]


@pytest.mark.parametrize(
    ("environment", "clue"),
    [
        ({}, "NODE_RANK"),
        ({"NODE_RANK": "0"}, "NODE_RANK"),
        (TORCHRUN | {"LOCAL_WORLD_SIZE": "4"}, "LOCAL_WORLD_SIZE=4"),
        (TORCHRUN | {"GROUP_WORLD_SIZE": "3"}, "GROUP_WORLD_SIZE=3"),
        (SLURM | {"SLURM_NNODES": "4"}, "SLURM_NNODES=4"),
        (SLURM | {"SLURM_NTASKS": "16"}, "SLURM_NTASKS=16"),
        (BY_HAND | {"NODE_RANK": "first"}, "NODE_RANK=first is no number"),
        (BY_HAND | {"NODE_RANK": "2"}, "NODE_RANK=2, but the machines of strategy.num_nodes=2 have the numbers 0 to 1"),
        (TORCHRUN | {"GROUP_RANK": "2"}, "GROUP_RANK=2, but the machines"),
        (SLURM | {"SLURM_NODEID": "3"}, "SLURM_NODEID=3, but the machines"),
        (BY_HAND | {"MASTER_PORT": "-1"}, "MASTER_PORT=-1 is no number"),
        (SLURM | {"SLURM_NODEID": ""}, "SLURM_NODEID= is no number"),
        (BY_HAND | {"NODE_RANK": "0", "MASTER_ADDR": "8.8.8.8"}, "8.8.8.8 is a public address"),
    ],
)
def test_variables_that_do_not_fit_are_one_fault(environment, clue):
    with pytest.raises(UserError) as caught:
        Rendezvous.find(environment, num_nodes=2)
    assert clue in str(caught.value)
