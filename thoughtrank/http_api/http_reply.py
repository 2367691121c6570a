"""Reads the response to a request: the usual form here, every other with the standard library.

The standard library reads headers with its parser of mail, which takes several times as long as the rest of a response.
"""

import http.client
import io
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

_USUAL_HEAD = re.compile(rb"HTTP/1\.1 200 [\t -~]*\r\n((?:[!-9;-~]+:[\t -~]*\r\n){1,99})\r\n")
"""A success, and headers of one line each in ASCII, as many as the standard library reads at most."""
_USUAL_LENGTH = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class HTTPReply:
    """A response, read to its end.

    Attributes:
        status: of the response.
        headers: by their names in lower case.
        content: the body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


def read_reply(connection: socket.socket, stream: io.RawIOBase) -> tuple[HTTPReply, bool]:
    """The response to a POST request, and whether the connection can be used for another one.

    Args:
        connection: that it comes from.
        stream: reads from the connection; nothing of the response has been read.

    Raises:
        OSError: what reading from the stream raises.
        http.client.HTTPException: what came is no response, or only a part of one.
    """
    file: io.BufferedReader = io.BufferedReader(stream)
    usual = _usual_reply(file)
    if usual is not None:
        return usual, True
    response = http.client.HTTPResponse(connection, method="POST")
    response.fp.close()
    response.fp = file
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return HTTPReply(response.status, headers, response.read()), not response.will_close


def _usual_reply(file: io.BufferedReader) -> HTTPReply | None:
    """A response of the usual form whose head comes in one piece; for any other, None, and nothing is taken from the file.

    Raises:
        OSError, http.client.HTTPException: see ``read_reply``.
    """
    head = _USUAL_HEAD.match(file.peek())
    if head is None:
        return None
    lines = head[1].decode("ascii").splitlines()
    pairs = [line.partition(":") for line in lines]
    headers = {name.lower(): value.lstrip(" \t") for name, _, value in pairs}
    length = headers.get("content-length", "")
    is_kept = headers.get("connection", "keep-alive").lower() == "keep-alive"
    is_usual = is_kept and "transfer-encoding" not in headers and len(headers) == len(lines)
    if not is_usual or _USUAL_LENGTH.fullmatch(length) is None:
        return None
    file.read(head.end())
    content = file.read(int(length))
    if len(content) < int(length):
        raise http.client.IncompleteRead(content, int(length) - len(content))
    return HTTPReply(200, headers, content)
