"""Which machine of a multi-node run this is, read from the environment variables of its launcher."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.listen_address import listen_address, own_name_as_address

HOW_TO_START = (
    "start the same command once per machine with torchrun (--nproc-per-node 1) or srun (--ntasks-per-node 1), or set "
    "NODE_RANK, MASTER_ADDR and MASTER_PORT yourself"
)

_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendezvous:
    """The index of this machine, and where the machines meet.

    Attributes:
        node_rank: index of this machine, from 0.
        num_nodes: number of machines.
        address, port: where machine 0 opens its key-value store; see ``own_name_as_address``.
        listen: the address that machine 0 listens on, as digits; see ``listen_address``.
    """

    node_rank: int = 0
    num_nodes: int = 1
    address: str = "127.0.0.1"
    port: int = 0
    listen: str = "127.0.0.1"

    @classmethod
    def find(cls, environment: Mapping[str, str], *, num_nodes: int) -> "Rendezvous":
        """Read the variables of ``torchrun``, of Slurm, or NODE_RANK, MASTER_ADDR and MASTER_PORT.

        Raises:
            UserError: they are not set, do not match ``num_nodes``, or name no private address.
        """
        if num_nodes == 1:
            return cls()
        found = cls._found(environment, num_nodes=num_nodes)
        found = replace(found, address=own_name_as_address(found.address, environment))
        if found.node_rank:
            return found
        return replace(found, listen=listen_address(found.address, environment))

    @classmethod
    def _found(cls, environment: Mapping[str, str], *, num_nodes: int) -> "Rendezvous":
        if "TORCHELASTIC_RUN_ID" in environment:
            return cls._of_torchrun(environment, num_nodes=num_nodes)
        if {"NODE_RANK", "MASTER_ADDR", "MASTER_PORT"} <= set(environment):
            return cls(
                node_rank=_node_rank(environment, "NODE_RANK", num_nodes=num_nodes),
                num_nodes=num_nodes,
                address=environment["MASTER_ADDR"],
                port=_number(environment, "MASTER_PORT"),
            )
        if "SLURM_NODEID" in environment:
            return cls._of_slurm(environment, num_nodes=num_nodes)
        raise UserError(
            f"strategy.num_nodes={num_nodes}, but no environment variable identifies this machine: {HOW_TO_START}"
        )

    @classmethod
    def _of_torchrun(cls, environment: Mapping[str, str], *, num_nodes: int) -> "Rendezvous":
        _check("LOCAL_WORLD_SIZE", environment.get("LOCAL_WORLD_SIZE", "1"), 1)
        _check("GROUP_WORLD_SIZE", environment.get("GROUP_WORLD_SIZE", str(num_nodes)), num_nodes)
        # torchrun itself listens on MASTER_PORT.
        return cls(
            node_rank=_node_rank(environment, "GROUP_RANK", num_nodes=num_nodes),
            num_nodes=num_nodes,
            address=environment["MASTER_ADDR"],
            port=_number(environment, "MASTER_PORT") + 1,
        )

    @classmethod
    def _of_slurm(cls, environment: Mapping[str, str], *, num_nodes: int) -> "Rendezvous":
        from lightning_fabric.plugins.environments import SLURMEnvironment

        _check("SLURM_NNODES", environment.get("SLURM_NNODES", str(num_nodes)), num_nodes)
        _check("SLURM_NTASKS", environment.get("SLURM_NTASKS", str(num_nodes)), num_nodes)
        names = environment.get("SLURM_STEP_NODELIST") or environment["SLURM_JOB_NODELIST"]
        # The same port on all machines, and another one for another job on the same machines.
        port = environment.get("MASTER_PORT") or str(15000 + _number(environment, "SLURM_JOB_ID") % 10000)
        return cls(
            node_rank=_node_rank(environment, "SLURM_NODEID", num_nodes=num_nodes),
            num_nodes=num_nodes,
            address=environment.get("MASTER_ADDR") or SLURMEnvironment.resolve_root_node_address(names),
            port=_number({"MASTER_PORT": port}, "MASTER_PORT"),
        )


def _node_rank(environment: Mapping[str, str], name: str, *, num_nodes: int) -> int:
    rank = _number(environment, name)
    if rank >= num_nodes:
        raise UserError(
            f"{name}={rank}, but the machines of strategy.num_nodes={num_nodes} have the numbers 0 to {num_nodes - 1}: "
            f"{HOW_TO_START}"
        )
    return rank


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment[name]
    if not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        raise UserError(f"{name}={text} is no number: {HOW_TO_START}")
    return int(text)


def _check(name: str, found: str, wanted: int) -> None:
    if found != str(wanted):
        raise UserError(f"{name}={found}, but {wanted} is wanted: {HOW_TO_START}, and set strategy.num_nodes to match")
