"""Ends a response that is not complete at the deadline of its request, however steadily its bytes come.

The timeouts of an HTTP client are those of each read, which a server never reaches that sends white space to keep a connection
open while a request waits for its turn.
"""

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import httpx2

_DEADLINE = "thoughtrank_deadline"
"""The entry among a request's extensions; redirects keep it."""


def deadline_hooks(seconds: float) -> dict[str, list[Callable[..., None]]]:
    """The ``event_hooks`` of a client whose responses have to be complete so long after their request.

    The deadline is checked whenever a piece of the body comes. A server that stops sending shortly before it is left to the
    timeout of that read, so that an attempt takes twice the time at most.
    """

    def begin(request: "httpx2.Request") -> None:
        request.extensions.setdefault(_DEADLINE, time.monotonic() + seconds)

    def limit(response: "httpx2.Response") -> None:
        response.stream = _limited(response, deadline=response.request.extensions[_DEADLINE], seconds=seconds)

    return {"request": [begin], "response": [limit]}


def _limited(response: "httpx2.Response", *, deadline: float, seconds: float) -> "httpx2.SyncByteStream":
    """The body of a response, which raises a timeout of its library at the first piece after the deadline."""
    library = import_module(type(response).__module__)  # httpx2; httpx for older versions of the openai client
    stream = cast("httpx2.SyncByteStream", response.stream)  # a client without async has no other

    class Limited(library.SyncByteStream):  # type: ignore[name-defined]  # the library is known only here
        def __iter__(self) -> Iterator[bytes]:
            for piece in stream:
                if time.monotonic() > deadline:
                    raise library.ReadTimeout(f"the reply was not complete after {seconds:g} seconds")
                yield piece

        def close(self) -> None:
            stream.close()

    return Limited()
