"""Free TCP ports for servers that this program starts itself."""

import socket


def free_port() -> int:
    """A port on which nothing listens now, on any interface; another program may take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
