"""A program that is started as vLLM's server is, and answers as that does, without a model."""

import http.server
import json
import os
import sys
from itertools import pairwise
from pathlib import Path


def fake_python(folder: Path) -> Path:
    """A program to be given as ``engine.python``: it has vLLM, and starts this module in its place."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n')
    program.chmod(0o700)
    return program


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model = ""

    def do_GET(self) -> None:
        bodies = {"/v1/models": {"data": [{"id": self.model}]}, "/version": {"version": "0.0"}}
        self._send(bodies.get(self.path, {}))

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print(f"request {json.dumps(request)}\n", end="", flush=True)  # one write, as there are many threads
        prompt = request["prompt"]
        ids = prompt[sum(prompt) % len(prompt) :][:1] * 3  # another answer to another prompt
        choice = {"text": "", "finish_reason": "stop", "token_ids": ids}
        self._send({"choices": [choice], "usage": {"completion_tokens": len(ids)}})

    def _send(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        pass


def main(arguments: list[str]) -> None:
    """Serve until it is ended; with ``-c``, the question whether there is vLLM, end at once."""
    if "-c" in arguments:
        return
    options = dict(pairwise(arguments))
    _Handler.model = options["--served-model-name"]
    print("pid", os.getpid(), flush=True)
    print("arguments", *arguments, flush=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(options["--port"])), _Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
