"""A judge that is paid. The server keeps its own account of every request, apart from what runs record.

Runs reach it under a fixed URL through ``HTTP_PROXY``, so that its port is in no config and in no fingerprint: a run that is
copied from another folder resumes with another server.
"""

import json
import threading
from pathlib import Path

from fault_server import FaultServer
from openai_server import OpenAIServer, Scripted

URL = "http://judge.test/v1"
JUDGE = [
    "judge=openai",
    "judge.model=test-judge",
    f"judge.base_url={URL}",
    "judge.api_key_env=null",
    "judge.price_per_million=[10,10]",
    "judge.budget=50",
    "judge.concurrency=4",
    "judge.audit_share=0.2",
    "judge.timeout_seconds=20",
]


class PayingServer(OpenAIServer):
    """Ranks honestly after a short time.

    Args:
        delay: seconds until a reply.
    """

    def __init__(self, *, delay: float = 0.1) -> None:
        super().__init__()
        self.honest_delay = delay


def proxy_environment(server: OpenAIServer) -> dict[str, str]:
    """The environment variables that lead a run to ``server``."""
    address = server.url.removesuffix("/v1")
    names = ("HTTP_PROXY", "http_proxy")
    return {**dict.fromkeys(names, address), "NO_PROXY": "", "no_proxy": ""}


def prompts_received(server: OpenAIServer) -> list[str]:
    """The prompt of every request, in order: the server's account."""
    return [json.loads(raw)["messages"][0]["content"] for raw in list(server.received)]


class Account:
    """Compares what the server was sent with the verdicts that were on disk at that time.

    Args:
        server: the judge.

    Attributes:
        paid_twice: requests for a verdict that was on disk, or was sent twice within one attempt.
        resent: requests for a call of an earlier attempt that had left no verdict.
    """

    def __init__(self, server: OpenAIServer) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._settled = 0
        self._before: set[str] = set()
        self._on_disk: set[str] = set()
        self.paid_twice = 0
        self.resent = 0

    def settle(self, cache: Path) -> None:
        """Count the requests since the last call, and read which verdicts are on disk now; call it between attempts."""
        with self._lock:
            prompts = prompts_received(self._server)
            now: set[str] = set()
            for prompt in prompts[self._settled :]:
                if prompt in self._on_disk or prompt in now:
                    self.paid_twice += 1
                elif prompt in self._before:
                    self.resent += 1
                now.add(prompt)
            self._before |= now
            self._settled = len(prompts)
            self._on_disk = verdicts_on_disk(cache)


def verdicts_on_disk(cache: Path) -> set[str]:
    """The prompts of all verdicts in the complete lines of all verdict logs."""
    found: set[str] = set()
    for path in cache.glob("rankings/*/_verdicts.jsonl"):
        for line in path.read_bytes().split(b"\n")[:-1]:
            found.add(json.loads(line)["prompt"])
    return found


__all__ = ["FaultServer", "OpenAIServer", "Scripted"]
