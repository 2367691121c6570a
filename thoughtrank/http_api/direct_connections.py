"""Kept-alive connections to a server without encryption or proxy, in a fraction of the time of a full HTTP client.

That time is what limits short replies: a server in the same machine or network answers thousands of requests a second.
"""

import http.client
import io
import select
import socket
import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from thoughtrank.http_api.clients import proxy_of
from thoughtrank.http_api.http_reply import HTTPReply, read_reply


class DirectConnections:
    """Sends requests, each over a connection that is idle or new. May be used from many threads.

    Args:
        url: of the server; see ``is_direct``.
        path: below the path of the URL; a query of the URL is sent after it.
        headers: of every request.
        timeout_seconds: limit of one request, from connecting to the end of the response.
    """

    def __init__(self, url: str, *, path: str, headers: Mapping[str, str], timeout_seconds: float) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or http.client.HTTP_PORT
        target = parts.path.rstrip("/") + path + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"POST {target} HTTP/1.1",
            f"Host: {parts.netloc.rpartition('@')[2]}",
            *(f"{name}: {headers[name]}" for name in headers),
        ]
        self._head = "\r\n".join([*lines, "Content-Length: "]).encode("latin-1")
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []

    def post(self, body: bytes) -> HTTPReply:
        """The response to one request, whatever its status.

        Raises:
            OSError: no connection, a timeout, or a connection that was cut.
            http.client.HTTPException: what came is no response, or only a part of one.
        """
        deadline = time.monotonic() + self._timeout_seconds
        connection = self._taken()
        try:
            _limit_wait(connection, deadline=deadline)
            # One call, and one packet: head and body apart would wake the server twice.
            connection.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
            reply, is_kept = read_reply(connection, _UntilDeadline(connection, deadline=deadline))
        except BaseException:
            connection.close()
            raise
        if is_kept:
            with self._lock:
                self._idle.append(connection)
        else:
            connection.close()
        return reply

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _taken(self) -> socket.socket:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = socket.create_connection(self._address, timeout=self._timeout_seconds)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                return connection
            if not _is_stale(connection):
                return connection
            connection.close()


class _UntilDeadline(io.RawIOBase):
    """What comes from a socket; the deadline is that of all reads together."""

    def __init__(self, connection: socket.socket, *, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what a BufferedReader passes
        _limit_wait(self._connection, deadline=self._deadline)
        return self._connection.recv_into(buffer)


def _limit_wait(connection: socket.socket, *, deadline: float) -> None:
    """Let the next use of a socket wait until the deadline.

    Raises:
        TimeoutError: it has passed.
    """
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("timed out")
    connection.settimeout(remaining)


def is_direct(url: str) -> bool:
    """Whether requests to a URL are neither encrypted nor pass through a proxy."""
    return urlsplit(url).scheme.lower() == "http" and proxy_of(url) is None


def _is_stale(connection: socket.socket) -> bool:
    """Whether the server has closed an idle connection, or sent what nobody asked for."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
