"""How much of the allowed rate the judge executor uses against a slow server on the loopback interface.

The server responds to every call after ``--latency`` seconds. Scenarios: no limit (the rate is concurrency / latency), and
limits of requests and of tokens per minute below that rate. ``busy`` is the rate reached between the first and the last
request at the server, divided by the allowed rate. The last line is one JSON object.
"""

import argparse
import json
import re
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.protocol import AnswerView, JudgeRequest

ANSWERS = 8
TOKENS_PER_CALL = 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds per call")
    parser.add_argument("--seconds", type=float, default=40.0, help="duration of each scenario at the allowed rate")
    arguments = parser.parse_args()
    peak = arguments.concurrency / arguments.latency  # calls per second
    scenarios: dict[str, tuple[float, dict[str, float]]] = {
        "no limit": (peak, {}),
        "requests_per_minute": (0.8 * peak, {"requests_per_minute": 60 * 0.8 * peak}),
        "tokens_per_minute": (0.8 * peak, {"tokens_per_minute": 60 * 0.8 * peak * TOKENS_PER_CALL}),
    }
    measured = {
        name: measure(
            rate, limits, concurrency=arguments.concurrency, latency=arguments.latency, seconds=arguments.seconds
        )
        for name, (rate, limits) in scenarios.items()
    }
    for name, figures in measured.items():
        print(
            f"{name:22s} {figures['calls_per_second']:7.1f} of {figures['allowed']:7.1f} calls/s: {figures['busy']:.1%}"
        )
    print(json.dumps(measured))


def measure(
    allowed: float, limits: dict[str, float], *, concurrency: int, latency: float, seconds: float
) -> dict[str, float]:
    """The rate of one scenario."""
    server = SlowServer(latency)
    judge = OpenAICompatibleJudge(
        model="slow",
        base_url=server.url,
        api_key_env=None,
        concurrency=concurrency,
        timeout_seconds=60.0,
        requests_per_minute=limits.get("requests_per_minute"),
        tokens_per_minute=limits.get("tokens_per_minute"),
    )
    answers = tuple(AnswerView(str(index), f"It is {index}. " * 30) for index in range(ANSWERS))
    requests = [JudgeRequest(f"q{seed}", "How many?", answers, None, seed) for seed in range(round(allowed * seconds))]
    with tempfile.TemporaryDirectory() as folder, Executor(judge, Path(folder) / "_verdicts.jsonl") as executor:
        verdicts = executor.ask(requests)
    server.close()
    assert {verdict.status for verdict in verdicts} == {"ok"}
    rate = (len(server.arrivals) - 1) / (max(server.arrivals) - min(server.arrivals))
    return {"calls_per_second": rate, "allowed": allowed, "busy": rate / allowed}


class SlowServer:
    """A server that ranks the answers in the order shown, after ``latency`` seconds."""

    def __init__(self, latency: float) -> None:
        self.arrivals: list[float] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                server.arrivals.append(time.monotonic())
                labels = re.findall(r"<<BEGIN ANSWER (\w+)", raw)
                time.sleep(latency)
                body = json.dumps(reply(labels)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self._http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def reply(labels: list[str]) -> dict[str, object]:
    """A chat completion that ranks ``labels`` in this order."""
    content = json.dumps({"ranking": [[label] for label in labels]})
    message = {"role": "assistant", "content": content}
    usage = {"prompt_tokens": TOKENS_PER_CALL - 50, "completion_tokens": 50, "total_tokens": TOKENS_PER_CALL}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "slow", "choices": [choice], "usage": usage}


if __name__ == "__main__":
    main()
