"""A hub that cannot be reached costs no retries: its clients read their cache, or fail at once."""

import os
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from huggingface_hub import constants

from thoughtrank.http_api import hub_access
from thoughtrank.http_api.hub_access import hub_or_cache
from thoughtrank.models.hardware import may_have_accelerator

NOWHERE = "http://127.0.0.1:9"
ASK = {
    "dataset": (
        "from thoughtrank.questions.dataset_questions import DatasetQuestions\n"
        "print(*DatasetQuestions(name='no-one/nothing', seed=0, train_per_round=1, held_out=1).faults(rounds=1))"
    ),
    "model": (
        "from thoughtrank.errors import UserError\n"
        "from thoughtrank.models.huggingface import HuggingFaceModel\n"
        "try: HuggingFaceModel(name='no-one/nothing').identity()\n"
        "except UserError as error: print(*error.faults)"
    ),
}


COUNTED = """
import atexit, sys
attempts, sleeps = [], []
def count(event, arguments):
    if event == "socket.connect" and arguments[1][0] == "127.0.0.1":
        attempts.append(arguments)
    elif event == "time.sleep" and arguments[0]:
        sleeps.append(arguments)
sys.addaudithook(count)
atexit.register(lambda: print("attempts", len(attempts), "sleeps", len(sleeps), file=sys.stderr))
"""
"""Counts what makes a start slow: attempts to connect to the hub, and waits before a further one."""


def without_network(program, folder, *, endpoint=NOWHERE):
    """A process that cannot reach the hub; the last line of its errors has the counts."""
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment = {key: value for key, value in environment.items() if not key.startswith("HF_")}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder), "SSL_CERT_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", COUNTED + program], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("program", ASK.values(), ids=list(ASK))
def test_without_a_network_there_is_one_line_after_one_attempt_and_no_waiting(program, tmp_path):
    pytest.importorskip("datasets")
    done = without_network(program, tmp_path)
    assert f"the hub {NOWHERE} cannot be reached, and it is not in the local cache" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == "attempts 1 sleeps 0\n"


def test_a_hub_that_never_answers_is_tried_once(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = without_network(ASK["model"], tmp_path, endpoint=endpoint)
    assert f"the hub {endpoint} cannot be reached" in done.stdout
    assert done.stderr == "attempts 1 sleeps 0\n"


def test_a_dry_run_of_the_recipe_without_a_network_imports_nothing_that_takes_seconds(tmp_path):
    slow = {"torch", "transformers", "datasets", "openai"}
    program = (
        "from thoughtrank.cli import main\n"
        f"sys.argv[1:] = ['dry_run=true', 'experiment=llama3.2_3b_cot', 'runs_dir={tmp_path}', 'cache_dir={tmp_path}']\n"
        f"try: main()\nfinally: print(*sorted(sys.modules.keys() & {slow!r}), file=sys.stderr)"
    )
    done = without_network(program, tmp_path)
    *said, imported, counts = done.stderr.splitlines()
    assert sum(f"the hub {NOWHERE} cannot be reached" in line for line in said) == 1
    assert set(imported.split()) <= ({"torch"} if may_have_accelerator() else set())
    assert counts == "attempts 1 sleeps 0"


def test_the_clients_are_offline_only_inside(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", NOWHERE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub_or_cache() as unreachable:
        assert NOWHERE in unreachable
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE


def test_a_hub_that_answers_with_an_error_can_be_reached_and_is_asked_again_half_a_minute_after_a_failure(monkeypatch):
    asked = []

    class Refusing(BaseHTTPRequestHandler):
        def do_HEAD(self):
            asked.append(self.path)
            self.send_error(503)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setitem(hub_access._failed_at, constants.ENDPOINT, time.monotonic())
        with hub_or_cache() as unreachable:
            assert "cannot be reached" in unreachable
        monkeypatch.setitem(hub_access._failed_at, constants.ENDPOINT, time.monotonic() - 31)
        with hub_or_cache() as unreachable:
            assert unreachable is None
            assert not constants.HF_HUB_OFFLINE
        assert len(asked) == 1
        server.shutdown()
