"""Several machines meet on an address of a private network, and not where everybody can take part."""

import socket

import pytest

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed import listen_address as module
from thoughtrank.finetuning.distributed.listen_address import LISTEN, listen_address


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


def test_a_name_that_means_this_machine_only_is_refused(resolves):
    resolves("127.0.1.1")
    with pytest.raises(UserError, match="which no other machine reaches"):
        listen_address("first", {})


def test_a_name_that_is_not_known_is_one_message(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(module.socket, "getaddrinfo", unknown)
    with pytest.raises(UserError, match="MASTER_ADDR=first is no address"):
        listen_address("first", {})
