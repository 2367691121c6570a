"""On which address the first of several machines listens: that of MASTER_ADDR, and not every interface it has.

Torch's stores and collectives have no authentication: whoever reaches their ports can change what is trained, and run code
in the training. So the network between the machines has to be private.
"""

import ipaddress
import socket
from collections.abc import Mapping
from itertools import chain

import psutil

from thoughtrank.errors import UserError

LISTEN = "THOUGHTRANK_LISTEN_ADDRESS"
"""Environment variable: an address of the first machine to listen on instead, whatever it is."""
_LOOPBACK_NAMES = ("localhost", "ip6-localhost")
_ANYWHERE = "198.51.100.1"
"""An address outside of every network; it is reserved for documentation."""
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def own_name_as_address(address: str, environment: Mapping[str, str]) -> str:
    """The address of the first machine as all can reach it, where ``address`` is the name that a machine has for itself.

    Debian's ``/etc/hosts`` has 127.0.1.1 for that name, which no other machine reaches. So where a name is an address of the
    loopback interface, it stands for the address that this machine has in its network; processes of one machine then agree
    with each other, and with other machines, for which the name is that address. Everything else is returned as it is.

    Args:
        address: of the first machine.
        environment: may name the address that it listens on.

    Raises:
        UserError: the machine has several addresses, and none of them is that of its default route.
    """
    ip = _resolved(address)
    if ip is None or not _is_own_name(ip, address):
        return address
    if chosen := environment.get(LISTEN):
        return chosen
    found = _network_addresses()
    if len(found) > 1:
        raise UserError(
            f"MASTER_ADDR={address}: here this name means {ip}, which no other machine reaches, and this machine has "
            f"several addresses ({', '.join(found)}): give the one that the others reach, or localhost if there are none"
        )
    return found[0] if found else str(ip)


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
    found = _resolved(address)
    if found is None:
        raise UserError(f"MASTER_ADDR={address} is no address that this machine knows: give its IP address")
    if fault := _fault(found):
        raise UserError(f"MASTER_ADDR={address}: {fault}")
    return str(found)


def _resolved(address: str) -> _Address | None:
    try:
        return ipaddress.ip_address(str(socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0][4][0]))
    except (OSError, ValueError):
        return None


def _is_own_name(ip: _Address, address: str) -> bool:
    return ip.is_loopback and address != str(ip) and address not in _LOOPBACK_NAMES


def _network_addresses() -> list[str]:
    """The address of the default route; without one, all addresses of this machine that others may reach."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing; the system only chooses the interface.
            probe.connect((_ANYWHERE, 9))
            found = [probe.getsockname()[0]]
        except OSError:
            found = [each.address for each in chain(*psutil.net_if_addrs().values()) if each.family == socket.AF_INET]
    return [text for text in found if not ipaddress.ip_address(text).is_loopback]


def _fault(ip: _Address) -> str | None:
    other = f"set {LISTEN} to the address to listen on"
    if ip.is_unspecified:
        return f"this is every interface of the machine: give the address of its private network, or {other}"
    if ip.is_global:
        return (
            f"{ip} is a public address, and whoever reaches the ports of a training can run code in it: give an address of a "
            f"private network (localhost, if all processes are on this machine); or, where a firewall keeps others out, {other}"
        )
    return None
