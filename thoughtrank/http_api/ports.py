"""Free TCP ports for servers that this program starts itself."""

import socket


def free_port(address: str = "") -> int:
    """A port on which nothing listens now; another program may take it before it is used.

    Args:
        address: of the interface; empty for all.
    """
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
