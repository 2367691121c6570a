"""A free port can be listened on."""

import socket

import pytest

from thoughtrank.http_api.ports import free_port


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_a_free_port_can_be_listened_on(host):
    with socket.create_server((host, free_port())) as server:
        assert server.getsockname()[1] > 1023
