"""On which address the first of several machines listens: that of MASTER_ADDR, and not every interface it has.

Torch's stores and collectives have no authentication: whoever reaches their ports can change what is trained, and run code
in the training. So the network between the machines has to be private.
"""

import ipaddress
import socket
from collections.abc import Mapping

from thoughtrank.errors import UserError

LISTEN = "THOUGHTRANK_LISTEN_ADDRESS"
"""Environment variable: an address of the first machine to listen on instead, whatever it is."""
_LOOPBACK_NAMES = ("localhost", "ip6-localhost")


def listen_address(address: str, environment: Mapping[str, str]) -> str:
    """The address to listen on, as digits.

    Args:
        address: of the first machine, as the others know it.
        environment: may name another one.

    Raises:
        UserError: the address is unknown here, no address of one interface, or a public one.
    """
    if chosen := environment.get(LISTEN):
        return chosen
    try:
        found = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0][4][0]
    except (OSError, UnicodeError):
        raise UserError(f"MASTER_ADDR={address} is no address that this machine knows: give its IP address") from None
    ip = ipaddress.ip_address(str(found).partition("%")[0])
    if fault := _fault(ip, address):
        raise UserError(f"MASTER_ADDR={address}: {fault}")
    return str(found)


def _fault(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, address: str) -> str | None:
    other = f"set {LISTEN} to the address to listen on"
    if ip.is_unspecified:
        return f"this is every interface of the machine: give the address of its private network, or {other}"
    if ip.is_loopback and address != str(ip) and address not in _LOOPBACK_NAMES:
        return f"here this name means {ip}, which no other machine reaches: give the IP address, or {other}"
    if ip.is_global:
        return (
            f"{ip} is a public address, and whoever reaches the ports of a training can run code in it: give an address of a "
            f"private network; or, where a firewall keeps others out, {other}"
        )
    return None
