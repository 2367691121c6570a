"""A completions server that answers at once, for ``client.py``: it decodes nothing, so that all time is the client's.

``python benchmarks/instant_completions.py THOUGHT ANSWER`` (two lists of token ids, as JSON) listens on a free port of the
loopback interface, prints it, and answers every request with one of the two lists, in the form of vLLM. A thought is ended by
its closing tag, an answer by the end of the turn.
``GET /cpu`` returns the CPU seconds that the process has used.
"""

import asyncio
import json
import sys
import time

_CLOSE_TAG = "</thought>"


class InstantServer(asyncio.Protocol):
    """One connection, kept open; requests of HTTP/1.1 with a stated length.

    Args:
        thought, answer: the whole responses.
        models: the model list.
    """

    def __init__(self, *, thought: bytes, answer: bytes, models: bytes) -> None:
        self._thought, self._answer, self._models = thought, answer, models
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            length = _content_length(head)
            if len(self._buffer) < end + 4 + length:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            del self._buffer[: end + 4 + length]
            self._transport.write(self._reply(head, body))

    def _reply(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"GET /cpu"):
            return response(json.dumps(time.process_time()).encode())
        if head.startswith(b"GET"):
            return self._models
        return self._thought if _CLOSE_TAG.encode() in body else self._answer


def response(body: bytes) -> bytes:
    """A whole response with this body."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def completion(ids: list[int], *, stop_reason: str | None) -> bytes:
    """The response with one choice, as vLLM writes it."""
    choice = {"index": 0, "text": "x" * len(ids), "logprobs": None, "finish_reason": "stop", "stop_reason": stop_reason}
    usage = {"prompt_tokens": 100, "completion_tokens": len(ids), "total_tokens": 100 + len(ids)}
    head = {"id": "cmpl-0", "object": "text_completion", "created": 0, "model": "instant"}
    return response(json.dumps({**head, "choices": [{**choice, "token_ids": ids}], "usage": usage}).encode())


async def serve(*, thought: list[int], answer: list[int]) -> None:
    """Listen until the process is ended."""
    models = response(json.dumps({"object": "list", "data": [{"id": "instant", "root": None}]}).encode())
    replies = {
        "thought": completion(thought, stop_reason=_CLOSE_TAG),
        "answer": completion(answer, stop_reason=None),
        "models": models,
    }
    server = await asyncio.get_running_loop().create_server(
        lambda: InstantServer(**replies), "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(thought=json.loads(sys.argv[1]), answer=json.loads(sys.argv[2])))
