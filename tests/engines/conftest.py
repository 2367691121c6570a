"""Fixtures that the tests of engines share: a completions server, and the driver of a machine with GPUs."""

import pytest
from completions_server import CompletionsServer

from thoughtrank.http_api import backoff


@pytest.fixture(scope="module")
def running(tiny_folder):
    server = CompletionsServer(tiny_folder)
    yield server
    server.close()


@pytest.fixture
def server(running, monkeypatch):
    """The server of this module without a script or a memory of earlier tests."""
    monkeypatch.setattr(backoff, "_FIRST_WAIT", 0.01)
    running.script.clear()
    running.received, running.completed, running.keys, running.times = [], [], set(), []
    running.rewrite = lambda request, reply: reply
    running.returns_logprobs = True
    running.models, running.root, running.most_running = ["tiny"], None, 0
    return running


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Puts a program named nvidia-smi first in the path, which lists so many devices or fails."""

    def make(number, *, status=0):
        lines = [f"echo 'GPU {index}: NVIDIA H100 (UUID: GPU-{index})'" for index in range(number)]
        program = tmp_path / "nvidia-smi"
        program.write_text("\n".join(["#!/bin/sh", *lines, f"exit {status}"]))
        program.chmod(0o700)

    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return make
