"""A chat completions server that fails at random in every way, and counts what it billed."""

import json
import random
import threading
from collections import Counter

from openai_server import OpenAIServer, Scripted, completion, error, ranked_by_text

FAULTS = (
    *("429", "429 with Retry-After", "500", "timeout", "cut", "garbage", "wrong id", "repeated id", "refusal"),
    *("no choices", "length"),
)


class FaultServer(OpenAIServer):
    """Fails in a fraction of all requests.

    Attributes:
        faults: how often each fault happened.
        billed: the prompt of every reply that was received with its usage.
        lost: attempts that may have been billed, and brought no reply: it was not received, or the server failed, or sent
            something else than a completion.
    """

    def __init__(self, *, fraction: float, seed: int) -> None:
        self.fraction = fraction
        self.faults: Counter[str] = Counter()
        self.billed: list[str] = []
        self.lost = 0
        self._random = random.Random(seed)
        self._deck: list[str] = []
        self._lock_counts = threading.Lock()
        super().__init__()

    def _answer(self, handler, _scripted, raw) -> bool:
        prompt = json.loads(raw)["messages"][0]["content"]
        with self._lock_counts:
            fault = self._next_fault() if self._random.random() < self.fraction else None
            self.faults[fault or "none"] += 1
        scripted = self._scripted(fault, prompt)
        received = False
        try:
            received = super()._answer(handler, scripted, raw)
        finally:
            with self._lock_counts:
                if not received or scripted.cut or scripted.status == 500 or isinstance(scripted.body, str):
                    self.lost += 1
                elif scripted.status == 200:
                    self.billed.append(prompt)
        return received

    def _next_fault(self) -> str:
        """From shuffled decks, so that every fault occurs."""
        if not self._deck:
            self._deck = self._random.sample(FAULTS, len(FAULTS))
        return self._deck.pop()

    def _scripted(self, fault: str | None, prompt: str) -> Scripted:
        honest = ranked_by_text(prompt)
        labels = [label for group in json.loads(honest)["ranking"] for label in group]
        return {
            None: Scripted(200, completion(honest)),
            "429": Scripted(429, error("slow down")),
            "429 with Retry-After": Scripted(429, error("slow down"), {"Retry-After": "0.02"}),
            "500": Scripted(500, error("oops")),
            "timeout": Scripted(200, completion(honest), held=True),
            "cut": Scripted(200, completion(honest), cut=True),
            "garbage": Scripted(200, "<html>a proxy's page</html>"),
            "wrong id": Scripted(200, completion(json.dumps({"ranking": [*labels[:-1], "Z"]}))),
            "repeated id": Scripted(200, completion(json.dumps({"ranking": [*labels, labels[0]]}))),
            "refusal": Scripted(200, completion(None, refusal="I would rather not.")),
            "no choices": Scripted(200, completion("") | {"choices": []}),
            "length": Scripted(200, completion(honest[:9], finish="length")),
        }[fault]
