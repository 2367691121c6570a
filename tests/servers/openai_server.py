"""A scripted chat completions server on the loopback interface."""

import contextlib
import json
import re
import select
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BLOCK = re.compile(r"<<BEGIN ANSWER (\w+) (\w+)>>\n(.*?)\n<<END ANSWER \1 \2>>", re.DOTALL)


@dataclass
class Scripted:
    """One response of the server: it sends the status and body, cuts the connection, or is held until the client gives up.

    It is trickled if white space comes before the body, for several seconds.
    """

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    held: bool = False
    cut: bool = False
    trickled: bool = False


HONEST_USAGE = {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010}


def completion(content: object, *, finish: str = "stop", usage: object = HONEST_USAGE, **message: object) -> dict:
    """A response; ``usage=...`` leaves the field out."""
    body = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "judge-2024",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
        "usage": usage,
    }
    if usage is ...:
        del body["usage"]
    return body


def error(message: str, **fields: object) -> dict:
    return {"error": {"message": message, "type": "invalid_request_error", **fields}}


def ranked_by_text(prompt: str) -> str:
    """The reply of an honest judge that ranks answers alphabetically; equal answers tie."""
    texts = {label: text for label, _, text in _BLOCK.findall(prompt)}
    groups = [[label for label in texts if texts[label] == text] for text in sorted(set(texts.values()))]
    return json.dumps({"ranking": groups})


class OpenAIServer:
    """Replies by the script, one entry per request; ranks honestly at None, and after the script.

    ``received`` and ``heads`` hold every request.

    Attributes:
        running: requests that have no response yet.
        open: those, and the ones whose response the client has not received yet.
        usage: what it reports when it ranks honestly; ``...`` for nothing.
        model_list: its response to a request for its models; None for status 501.
    """

    def __init__(self) -> None:
        self.script: deque[Scripted | None] = deque()
        self.received: list[bytes] = []
        self.keys: list[str | None] = []
        self.heads: list[str] = []
        self.running = self.open = 0
        self.most_running = 0
        self.honest_delay = 0.0
        self.usage: object = HONEST_USAGE
        self.model_list: Scripted | None = None
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.serve(self)

            def do_GET(self) -> None:
                listed = server.model_list if self.path.startswith("/v1/models") else None
                self.send_response(501 if listed is None else listed.status)
                self.end_headers()
                self.wfile.write(b"" if listed is None else json.dumps(listed.body).encode())

            def log_message(self, *_arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def bodies(self) -> list[dict]:
        return [json.loads(raw) for raw in self.received]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def counted(self, requests: int = 0) -> int:
        """How many requests were received, once there are as many as ``requests`` and none is open any more."""
        until = time.monotonic() + 60
        while (self.open or len(self.received) < requests) and time.monotonic() < until:
            time.sleep(0.001)
        assert not self.open
        return len(self.received)

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            self.received.append(raw)
            self.keys.append(handler.headers.get("Authorization"))
            self.heads.append(f"{handler.requestline}\n{handler.headers}")
            scripted = self.script.popleft() if self.script else None
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.open += 1
        try:
            # Closed, reset or no longer connected: the client timed out, as the test intends or because the machine is slow.
            with contextlib.suppress(OSError):
                self._answer(handler, scripted, raw)
        finally:
            with self._lock:
                self.open -= 1

    def _answer(self, handler: BaseHTTPRequestHandler, scripted: Scripted | None, raw: bytes) -> bool:
        """Send the response; whether the client has received all of it, however slow this machine is."""
        if scripted is None:
            time.sleep(self.honest_delay)
            ranking = ranked_by_text(json.loads(raw)["messages"][0]["content"])
            scripted = Scripted(body=completion(ranking, usage=self.usage))
        with self._lock:
            self.running -= 1  # before the client has the response and may send its next request
        if scripted.held or _has_gone(handler):
            handler.connection.recv(1)  # until the client closes the connection
            return False
        body = scripted.body if isinstance(scripted.body, str) else json.dumps(scripted.body)
        data = b" " * (60 if scripted.trickled else 0) + body.encode()
        handler.send_response(scripted.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data) + (100 if scripted.cut else 0)))
        for name, text in scripted.headers.items():
            handler.send_header(name, text)
        handler.end_headers()
        while scripted.trickled and data.startswith(b" "):
            handler.wfile.write(data[:1])
            data = data[1:]
            time.sleep(0.05)
        handler.wfile.write(data)
        handler.connection.shutdown(socket.SHUT_WR)
        # A client that closes the connection with unread data resets it.
        return handler.connection.recv(1) == b""


def _has_gone(handler: BaseHTTPRequestHandler) -> bool:
    """Whether the client has closed the connection already: there is something to read, and it is the end."""
    return bool(select.select([handler.connection], [], [], 0)[0]) and not handler.connection.recv(1, socket.MSG_PEEK)
