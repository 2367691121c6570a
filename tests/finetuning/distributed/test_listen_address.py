"""Several machines meet on an address of a private network, and not where everybody can take part."""

import socket

import pytest

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed import listen_address as module
from thoughtrank.finetuning.distributed.listen_address import LISTEN, listen_address, own_name_as_address


@pytest.fixture
def resolves(monkeypatch):
    """Makes names resolve to an address."""

    def become(ip):
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        monkeypatch.setattr(module.socket, "getaddrinfo", lambda *_, **__: [(family, 1, 6, "", (ip, 0))])

    return become


@pytest.mark.parametrize("ip", ["10.0.0.7", "192.168.1.2", "fd00::7", "100.64.0.1"])
def test_the_first_machine_listens_on_the_address_it_was_given(resolves, ip):
    resolves(ip)
    assert listen_address("first", {}) == ip


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_two_processes_of_one_machine_may_meet_on_the_loopback_interface(address):
    assert listen_address(address, {}) in ("127.0.0.1", "::1")


@pytest.mark.parametrize(
    ("ip", "clue"),
    [("8.8.8.8", "public address"), ("2001:4860:4860::8888", "public address"), ("0.0.0.0", "every interface")],
)
def test_an_address_that_everybody_reaches_is_refused_without_a_word_of_the_user(resolves, ip, clue):
    resolves(ip)
    with pytest.raises(UserError, match=clue) as caught:
        listen_address("first", {})
    assert LISTEN in str(caught.value)
    assert listen_address("first", {LISTEN: ip}) == ip


@pytest.mark.parametrize("ip", ["127.0.1.1", "127.0.0.1", "::1"])
def test_a_name_that_a_machine_has_for_itself_is_its_address_in_the_network(resolves, monkeypatch, ip):
    resolves(ip)
    monkeypatch.setattr(module, "_network_addresses", lambda: ["10.0.0.7"])
    assert own_name_as_address("first", {}) == "10.0.0.7"
    assert own_name_as_address("first", {LISTEN: "10.1.0.7"}) == "10.1.0.7"


def test_processes_of_a_machine_without_a_network_meet_under_its_own_name(resolves, monkeypatch):
    resolves("127.0.1.1")
    monkeypatch.setattr(module, "_network_addresses", list)
    address = own_name_as_address("first", {})
    assert address == listen_address(address, {}) == "127.0.1.1"


def test_a_machine_with_several_addresses_asks_for_the_one_that_others_reach(resolves, monkeypatch):
    resolves("127.0.1.1")
    monkeypatch.setattr(module, "_network_addresses", lambda: ["10.0.0.7", "192.168.0.7"])
    with pytest.raises(UserError, match=r"several addresses \(10.0.0.7, 192.168.0.7\)"):
        own_name_as_address("first", {})


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.0.1.1", "10.0.0.7", "::1", "no such name"])
def test_other_addresses_stay_as_they_are(address):
    assert own_name_as_address(address, {}) == address


def test_the_addresses_of_this_machine_are_those_of_its_default_route_or_all(monkeypatch):
    routed = module._network_addresses()
    monkeypatch.setattr(module, "_ANYWHERE", "no address")
    everything = module._network_addresses()
    assert len(routed) <= 1 or routed == everything
    assert set(routed) <= set(everything)
    assert not any(address.startswith("127.") for address in everything)


def test_a_name_that_is_not_known_is_one_message(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(module.socket, "getaddrinfo", unknown)
    with pytest.raises(UserError, match="MASTER_ADDR=first is no address"):
        listen_address("first", {})
