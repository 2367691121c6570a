"""The key-value store where the ranks of a training meet: it listens on one address only.

Torch would let rank 0 listen on every interface, and anyone who reaches the port could take part. So the launcher opens the
socket, on the loopback interface where one machine trains, and passes it to rank 0, which serves the store on it. This also
leaves no moment in which the port could be taken.
"""

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.distributed import TCPStore

LOOPBACK = "127.0.0.1"
_SOCKET = "THOUGHTRANK_STORE_SOCKET"
"""Environment variable of rank 0: the file descriptor of the listening socket."""
_INTERFACE_VARIABLES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")
"""Where gloo and NCCL listen for the other ranks."""
_CLIENTS_ONLY = {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "0"}
"""For torch: the store exists already, all ranks are clients."""


def listening_socket(address: str = LOOPBACK, port: int = 0) -> socket.socket:
    """A listening socket for ``serve_store``; port 0 takes a free one.

    Raises:
        OSError: the port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=1024)


def loopback_environment(listening: socket.socket, *, rank: int) -> dict[str, str]:
    """Environment variables of a rank that meets the others of this machine in a store on ``listening``."""
    interface = next((name for _, name in socket.if_nameindex() if name in ("lo", "lo0")), None)
    variables = {} if interface is None else {name: os.environ.get(name, interface) for name in _INTERFACE_VARIABLES}
    address = {"MASTER_ADDR": LOOPBACK, "MASTER_PORT": str(listening.getsockname()[1])}
    return {**variables, **address, **store_environment(listening if rank == 0 else None)}


def store_environment(listening: socket.socket | None) -> dict[str, str]:
    """Environment variables of a rank that meets the others at MASTER_ADDR and MASTER_PORT.

    Args:
        listening: the socket that it serves the store on; None for all ranks but the first.
    """
    return {**_CLIENTS_ONLY, **({} if listening is None else {_SOCKET: str(listening.fileno())})}


def serve_store() -> "TCPStore | None":
    """In rank 0: serve the store as long as the returned object exists. None in all other ranks."""
    if _SOCKET not in os.environ:
        return None
    from torch.distributed import TCPStore

    return TCPStore(
        os.environ["MASTER_ADDR"],
        int(os.environ["MASTER_PORT"]),
        is_master=True,
        wait_for_workers=False,
        master_listen_fd=int(os.environ.pop(_SOCKET)),
    )
