"""Requests over kept-alive connections: one packet each, no stale connection, and every fault is an error."""

import contextlib
import http.client
import socket
import threading
import time

import pytest

from thoughtrank.http_api.direct_connections import DirectConnections, is_direct

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Name: value\r\n\r\nhi"


class RawServer:
    """Plays one response per request; None cuts the connection instead, and a list is sent piece by piece.

    ``after`` is done after each response.
    """

    def __init__(self, *responses, after=None):
        self.responses, self.after = list(responses), after
        self.requests, self.connections = [], 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1/?api-version=1"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            while request := connection.recv(1 << 16):
                self.requests.append(request)
                response = self.responses.pop(0)
                if response is None:
                    return
                with contextlib.suppress(OSError):  # the client may leave
                    for piece in response if isinstance(response, list) else [response]:
                        connection.sendall(piece)
                        time.sleep(0.05 if isinstance(response, list) else 0.0)
                if self.after == "close":
                    return

    def close(self):
        self._socket.close()


@pytest.fixture
def serve():
    servers = []

    def make(*responses, after=None, timeout_seconds=5.0):
        servers.append(RawServer(*responses, after=after))
        made = DirectConnections(
            servers[0].url,
            path="/completions",
            headers={"Authorization": "Bearer k"},
            timeout_seconds=timeout_seconds,
        )
        return servers[0], made

    yield make
    for each in servers:
        each.close()


def test_requests_one_after_the_other_share_a_connection_and_come_in_one_piece(serve):
    server, connections = serve(OK, OK)
    for body in (b"{}", b'{"a": 1}'):
        reply = connections.post(body)
        assert (reply.status, reply.content, reply.headers["x-name"]) == (200, b"hi", "value")
    assert server.connections == 1
    head, _, body = server.requests[1].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/completions?api-version=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Bearer k" in head
    assert body == b'{"a": 1}'


def test_a_connection_that_the_server_has_closed_is_not_used_again(serve):
    server, connections = serve(OK, OK, after="close")
    connections.post(b"1")
    # The server closes after its response; what is sent into such a connection would be lost.
    threading.Event().wait(0.05)
    assert connections.post(b"2").content == b"hi"
    assert [request[-1:] for request in server.requests] == [b"1", b"2"]


def test_a_server_that_announces_the_end_of_a_connection_gets_a_new_one(serve):
    server, connections = serve(OK.replace(b"X-Name: value", b"Connection: close"), OK)
    connections.post(b"1")
    connections.post(b"2")
    assert server.connections == 2


def test_a_status_is_no_error_here(serve):
    _, connections = serve(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
    reply = connections.post(b"1")
    assert (reply.status, reply.headers["retry-after"], reply.content) == (503, "7", b"")


def test_a_chunked_response_is_put_together(serve):
    _, connections = serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n")
    assert connections.post(b"1").content == b"hi yo"


@pytest.mark.parametrize("response", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", b"garbage\r\n\r\n"])
def test_a_cut_or_senseless_response_is_an_error_and_the_next_request_has_a_new_connection(serve, response):
    server, connections = serve(response, OK, after="close")
    with pytest.raises((OSError, http.client.HTTPException)):
        connections.post(b"1")
    assert connections.post(b"2").content == b"hi"
    assert server.connections == 2


BYTES = [bytes([each]) for each in OK]
LONG = [OK.replace(b": 2", b": 62"), *[b" "] * 60]


@pytest.mark.parametrize("pieces", [BYTES, LONG], ids=["head", "body"])
def test_a_response_that_comes_in_pieces_is_a_timeout_at_the_deadline(serve, pieces):
    server, connections = serve(pieces, OK, timeout_seconds=0.5)
    with pytest.raises(TimeoutError):
        connections.post(b"1")
    assert connections.post(b"2").content == b"hi"
    assert server.connections == 2


def test_each_request_has_the_whole_time(serve):
    server, connections = serve(OK, BYTES, timeout_seconds=60.0)
    connections.post(b"1")
    [connection] = connections._idle
    connection.settimeout(0.001)  # as little as the request before may have left
    assert connections.post(b"1").content == b"hi"
    assert server.connections == 1


def test_as_many_connections_as_requests_at_once(serve):
    server, connections = serve(*[OK] * 8)
    threads = [threading.Thread(target=connections.post, args=(b"1",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 8
    connections.close()


@pytest.mark.parametrize(
    ("url", "proxy", "direct"),
    [
        ("http://localhost:8000/v1", None, True),
        ("https://localhost/v1", None, False),
        ("http://gpu.example/v1", "http://proxy.example:1", False),
        ("http://127.0.0.1/v1", "http://proxy.example:1", True),
    ],
)
def test_direct_is_what_is_neither_encrypted_nor_passes_a_proxy(monkeypatch, url, proxy, direct):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    if proxy:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert is_direct(url) is direct
