"""A session without a model, as slow as each prompt asks for."""

import threading
import time

import torch

from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits

LIMITS = Limits(thought_tokens=1, answer_tokens=1)


class EchoingSession:
    """Answers a prompt with itself, after as many steps of a millisecond as it says."""

    def __init__(self, number, log):
        self.number, self.log, self.closed, self.busy = number, log, False, threading.Lock()

    def generate(self, requests, *, limits, on_step):
        assert self.busy.acquire(blocking=False), "one call at a time"
        try:
            self.log.append((self.number, requests[0].prompt, torch.get_num_threads()))
            if requests[0].prompt == "bug":
                raise ValueError("a bug")
            for _ in range(int(requests[0].prompt)):
                time.sleep(0.001)
                on_step(1, 0)
            on_step(0, len(requests))
            return [[request.prompt] for request in requests]
        finally:
            self.busy.release()

    def score(self, requests, *, on_step):
        return [[request.prompt, "scored"] for request in requests]

    def facts(self):
        return {"engine": "fake", "threads": 8}

    def __exit__(self, *exception):
        self.closed = True


def group(prompt):
    return [GenerationRequest(prompt, (Branch(opener="", in_thought=False),))]
