"""Responses are read as the standard library reads them, the usual ones in less time."""

import http.client
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.http_api.http_reply import HTTPReply, read_reply


class Stream(io.RawIOBase):
    """Gives pieces of what a server sent, one per read, and then its end."""

    def __init__(self, pieces):
        self.pieces = list(pieces)

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.pieces.pop(0) if self.pieces else b""
        if len(piece) > len(buffer):
            self.pieces.insert(0, piece[len(buffer) :])
            piece = piece[: len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)


class Connection:
    """What the standard library needs of a socket."""

    def __init__(self, sent=b""):
        self.sent = sent

    def makefile(self, mode):
        return io.BytesIO(self.sent)


def read_by_library(sent):
    response = http.client.HTTPResponse(Connection(sent), method="POST")
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return HTTPReply(response.status, headers, response.read()), not response.will_close


def outcome(read, *arguments):
    try:
        return read(*arguments)
    except http.client.HTTPException as error:
        return type(error), str(error)


USUAL = b"HTTP/1.1 200 OK\r\ndate: Sun, 29 Nov 2026\r\nserver: uvicorn\r\nContent-Length: 2\r\n\r\nhi"


def test_a_usual_response_is_read_without_the_standard_library(monkeypatch):
    monkeypatch.delattr(http.client, "HTTPResponse")
    headers = {"date": "Sun, 29 Nov 2026", "server": "uvicorn", "content-length": "2"}
    assert read_reply(Connection(), Stream([USUAL])) == (HTTPReply(200, headers, b"hi"), True)
    long = USUAL.replace(b": 2\r\n\r\nhi", b": 90000\r\n\r\n") + b"x" * 90_000
    assert read_reply(Connection(), Stream([long]))[0].content == b"x" * 90_000


UNUSUAL = {
    "another status": USUAL.replace(b"200 OK", b"503 Busy"),
    "no reason": USUAL.replace(b"200 OK", b"200"),
    "an older version": USUAL.replace(b"1.1", b"1.0"),
    "a status before": b"HTTP/1.1 100 Continue\r\n\r\n" + USUAL,
    "no body": b"HTTP/1.1 204 No Content\r\nserver: uvicorn\r\n\r\n",
    "no length": USUAL.replace(b"Content-Length", b"Length"),
    "a strange length": USUAL.replace(b": 2", b": two"),
    "a signed length": USUAL.replace(b": 2", b": +2"),
    "a negative length": USUAL.replace(b": 2", b": -2"),
    "two lengths": USUAL.replace(b"server: uvicorn", b"content-length: 1"),
    "too short": USUAL[:-1],
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "the last response": USUAL.replace(b"server: uvicorn", b"Connection: close"),
    "not the last response": USUAL.replace(b"server: uvicorn", b"Connection: Keep-Alive"),
    "a header over two lines": USUAL.replace(b"uvicorn", b"uvi\r\n corn"),
    "bare line feeds": USUAL.replace(b"\r\n", b"\n"),
    "a bare line feed": USUAL.replace(b"uvicorn\r\n", b"uvicorn\n"),
    "no colon": USUAL.replace(b"server: uvicorn", b"server"),
    "a space before the colon": USUAL.replace(b"Content-Length", b"Content-Length "),
    "not ASCII": USUAL.replace(b"uvicorn", b"\xfcvicorn"),
    "few enough headers": USUAL.replace(b"server", b"server: a\r\n" + b"a: b\r\n" * 95 + b"server"),
    "too many headers": USUAL.replace(b"server", b"server: a\r\n" + b"a: b\r\n" * 96 + b"server"),
    "many headers": USUAL.replace(b"server", b"".join(b"a%d: b\r\n" % each for each in range(96)) + b"server"),
    "more headers": USUAL.replace(b"server", b"".join(b"a%d: b\r\n" % each for each in range(97)) + b"server"),
    "a long header": USUAL.replace(b"uvicorn", b"u" * 70_000),
    "nothing": b"",
    "half a head": USUAL[:40],
    "garbage": b"garbage\r\n\r\n",
}


@pytest.mark.parametrize("sent", UNUSUAL.values(), ids=UNUSUAL)
def test_any_other_response_is_what_the_standard_library_makes_of_it(sent):
    assert outcome(read_reply, Connection(), Stream([sent])) == outcome(read_by_library, sent)


FIELDS = b"A: 1|a:2|B:\t x |C| d: e|E: \xff||F:\n|:|Connection: keep-alive|Connection: close|Transfer-Encoding: chunked"
LENGTHS = b"Content-Length: 3|content-length:0|Content-Length: 3 "
LINES = st.sampled_from([*FIELDS.split(b"|"), *LENGTHS.split(b"|")])


@given(lines=st.lists(LINES, max_size=6), body=st.binary(max_size=12), cuts=st.lists(st.integers(1, 60), max_size=4))
@settings(max_examples=500, deadline=None)
def test_random_responses_in_pieces_are_what_the_standard_library_makes_of_them(lines, body, cuts):
    sent = b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", body])
    pieces, rest = [], sent
    for cut in cuts:
        pieces, rest = [*pieces, rest[:cut]], rest[cut:]
    pieces = [piece for piece in [*pieces, rest] if piece]
    assert outcome(read_reply, Connection(), Stream(pieces)) == outcome(read_by_library, sent)
