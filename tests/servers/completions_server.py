"""A completions server on the loopback interface: a real model that decodes greedily, and every fault a test scripts."""

import contextlib
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


@dataclass
class Fault:
    """Instead of a completion: wait, then send this status and body, or cut the connection in the middle of it."""

    status: int = 200
    body: object = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False


class Handler(BaseHTTPRequestHandler):
    owner: "CompletionsServer"

    def do_GET(self) -> None:
        models = [{"id": name, "root": self.owner.root} for name in self.owner.models]
        self.send(200, {"object": "list", "data": models})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        # The client may give up waiting, as the test wants.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.owner.serve(self, raw)

    def send(self, status: int, body: object, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data) + (100 if cut else 0)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        pass


class CompletionsServer:
    """Plays the script, one fault per request, then completes.

    Attributes:
        received: every request, in order.
        completed: requests that got a whole completion.
        returns_logprobs: whether it returns those that are asked for.
        rewrite: called with (request, reply); may return another reply.
    """

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.models, self.root = ["tiny"], None
        self.script: deque[Fault | None] = deque()
        self.received: list[dict] = []
        self.completed: list[dict] = []
        self.keys: set[str | None] = set()
        self.times: list[float] = []
        self.rewrite = lambda request, reply: reply
        self.delay = 0.0
        self.returns_logprobs = True
        self.most_running = self._running = 0
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"owner": self}))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def asked_again_after_success(self) -> list[dict]:
        """Requests that came again although they had been answered."""
        texts = [json.dumps(request, sort_keys=True) for request in self.completed]
        return [json.loads(text) for text in set(texts) if texts.count(text) > 1]

    def serve(self, handler: Handler, raw: bytes) -> None:
        request = json.loads(raw)
        with self._lock:
            self.received.append(request)
            self.times.append(time.monotonic())
            self.keys.add(handler.headers.get("Authorization"))
            fault = self.script.popleft() if self.script else None
            self._running += 1
            self.most_running = max(self.most_running, self._running)
        time.sleep(self.delay if fault is None else fault.delay)
        reply = self.rewrite(request, self.complete(request)) if fault is None else None
        with self._lock:
            self._running -= 1
            if fault is None:
                self.completed.append(request)
        if fault is None:
            handler.send(200, reply)
        else:
            handler.send(fault.status, fault.body, fault.headers, cut=fault.cut)

    def complete(self, request: dict) -> dict:
        """What vLLM would reply: greedy tokens up to a stop string, the end of the turn, or the limit."""
        start = request["prompt"]
        if isinstance(start, str):
            start = self.tokenizer(start, add_special_tokens=False)["input_ids"]
        with self._lock:
            ids, finish, text = self._decode(start, request)
        choice = {"index": 0, "text": text, "finish_reason": finish}
        if request.get("return_token_ids"):
            choice["token_ids"] = ids
        if self.returns_logprobs and request.get("logprobs"):
            choice.update(self._logprobs(start, ids, request))
        usage = {"prompt_tokens": len(start), "completion_tokens": len(ids), "total_tokens": len(start) + len(ids)}
        return {"id": "c", "object": "text_completion", "model": "tiny", "choices": [choice], "usage": usage}

    @torch.inference_mode()
    def _decode(self, start: list[int], request: dict) -> tuple[list[int], str, str]:
        written, cache, feed = [], None, start
        bias = {int(token): value for token, value in request.get("logit_bias", {}).items()}
        while len(written) < request["max_tokens"]:
            out = self.model(torch.tensor([feed]), past_key_values=cache, use_cache=True)
            logits, cache = out.logits[0, -1], out.past_key_values
            for token, value in bias.items():
                logits[token] += value
            feed = [int(logits.argmax())]
            written += feed
            if feed == [self.tokenizer.eos_token_id]:
                return written, "stop", self._text(start, written[:-1])
            text = self._text(start, written)
            positions = [text.find(stop) for stop in request.get("stop") or [] if stop in text]
            if positions:
                return written, "stop", text[: min(positions)]
        return written, "length", self._text(start, written)

    @torch.inference_mode()
    def _logprobs(self, start: list[int], written: list[int], request: dict) -> dict:
        """Those of the written tokens, and of the prompt: in the same table with ``echo``, or in vLLM's own field."""
        ids = [*start, *written]
        table = self.model(torch.tensor([ids])).logits[0].log_softmax(dim=-1)
        own = [None, *(float(table[index, token]) for index, token in enumerate(ids[1:]))]
        texts = [self._text(ids[:index], [token]) for index, token in enumerate(ids)]
        top = [None]
        for index in range(len(ids) - 1):
            best = table[index].topk(request["logprobs"])
            rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
            top.append({self._text(ids[: index + 1], [token]): value for token, value in rows})
        first = 0 if request.get("echo") else len(start)
        columns = {"tokens": texts, "token_logprobs": own, "top_logprobs": top}
        found: dict = {"logprobs": {name: column[first:] for name, column in columns.items()}}
        if "prompt_logprobs" in request:
            entries = zip(start, own, strict=False)
            found["prompt_logprobs"] = [
                None if each is None else {str(token): {"logprob": each}} for token, each in entries
            ]
        return found

    def _text(self, start: list[int], ids: list[int]) -> str:
        return self.tokenizer.decode([*start, *ids])[len(self.tokenizer.decode(start)) :]
