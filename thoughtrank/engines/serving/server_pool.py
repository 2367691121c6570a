"""Several servers of the same model: each request goes to the least busy one that has not failed just now."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thoughtrank.http_api.clients import key_headers, open_client, proxy_of
from thoughtrank.http_api.direct_connections import DirectConnections, is_direct
from thoughtrank.http_api.urls import shown_url

if TYPE_CHECKING:
    import openai


class InterruptedRequestError(Exception):
    """The pool is stopped: no further attempt is made."""


@dataclass
class Server:
    """One server and its load.

    Attributes:
        url: without anything secret, for messages.
        proxy: the environment variable with the proxy before it; None without one.
        client: of this server.
        direct: connections for completions; None where they have to pass through ``client``.
        active: requests in flight.
        sent: requests so far.
        paused_until: on the monotonic clock, in seconds; no request is sent before.
    """

    url: str
    client: "openai.OpenAI"
    proxy: str | None = None
    direct: DirectConnections | None = None
    active: int = 0
    sent: int = 0
    paused_until: float = 0.0

    @property
    def name(self) -> str:
        """How messages about failures name it."""
        through = "" if self.proxy is None else f" (through the proxy in {self.proxy})"
        return f"completions server at {self.url}{through}"


class ServerPool:
    """Hands out servers for one request at a time. May be used from many threads.

    Args:
        base_urls: one or several.
        key: the API key; None for servers without keys.
        timeout_seconds: limit of one request.
        use_proxies: see ``open_client``; without them, URLs are not encrypted.
    """

    def __init__(
        self, *, base_urls: Sequence[str], key: str | None, timeout_seconds: float, use_proxies: bool = True
    ) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.servers = [
            Server(
                url=shown_url(url),
                client=open_client(base_url=url, key=key, timeout_seconds=timeout_seconds, use_proxies=use_proxies),
                proxy=proxy_of(url) if use_proxies else None,
                direct=_direct(url, key=key, timeout_seconds=timeout_seconds, use_proxies=use_proxies),
            )
            for url in base_urls
        ]

    def stop(self) -> None:
        """Hand out no further server; requests in flight end by themselves."""
        self._stopped.set()

    def close(self) -> None:
        """Close idle connections."""
        for server in self.servers:
            server.client.close()
            if server.direct is not None:
                server.direct.close()

    def pause(self, server: Server, *, seconds: float) -> None:
        """Send a server no request for a while."""
        with self._lock:
            server.paused_until = max(server.paused_until, time.monotonic() + seconds)

    @contextmanager
    def server(self) -> Iterator[Server]:
        """The least busy server for one request; waits while all of them are paused.

        Raises:
            InterruptedRequestError: the pool is stopped.
        """
        server = self._take()
        try:
            yield server
        finally:
            with self._lock:
                server.active -= 1

    def _take(self) -> Server:
        while True:
            if self._stopped.is_set():
                raise InterruptedRequestError
            with self._lock:
                now = time.monotonic()
                ready = [server for server in self.servers if server.paused_until <= now]
                if ready:
                    server = min(ready, key=lambda each: (each.active, each.sent))
                    server.active += 1
                    server.sent += 1
                    return server
                wait = min(server.paused_until for server in self.servers) - now
            self._stopped.wait(wait)


def _direct(url: str, *, key: str | None, timeout_seconds: float, use_proxies: bool) -> DirectConnections | None:
    if use_proxies and not is_direct(url):
        return None
    return DirectConnections(
        url, path="/completions", headers=key_headers(key, url=url), timeout_seconds=timeout_seconds
    )
