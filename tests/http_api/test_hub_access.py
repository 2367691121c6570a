"""A hub that cannot be reached costs no retries: its clients read their cache, or fail at once."""

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from huggingface_hub import constants

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


@pytest.mark.parametrize("program", ASK.values(), ids=list(ASK))
def test_without_a_network_there_is_one_line_within_seconds(program, tmp_path):
    pytest.importorskip("datasets")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HF_ENDPOINT": NOWHERE, "HF_HOME": str(tmp_path)}
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert time.monotonic() - started < 20  # the six retries alone waited for 23 seconds, twice
    assert f"the hub {NOWHERE} cannot be reached, and it is not in the local cache" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert "Retrying" not in done.stdout + done.stderr


def test_a_dry_run_of_the_recipe_without_a_network_imports_nothing_that_takes_seconds(tmp_path):
    slow = {"torch", "transformers", "datasets", "openai"}
    program = (
        "import sys\nfrom thoughtrank.cli import main\n"
        f"sys.argv[1:] = ['dry_run=true', 'experiment=llama3.2_3b_cot', 'runs_dir={tmp_path}', 'cache_dir={tmp_path}']\n"
        f"try: main()\nfinally: print(*sorted(sys.modules.keys() & {slow!r}), file=sys.stderr)"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HF_ENDPOINT": NOWHERE, "HF_HOME": str(tmp_path), "SSL_CERT_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert f"the hub {NOWHERE} cannot be reached" in done.stderr
    *_, imported = done.stderr.splitlines()
    assert set(imported.split()) <= ({"torch"} if may_have_accelerator() else set())


def test_the_clients_are_offline_only_inside(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", NOWHERE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub_or_cache() as unreachable:
        assert NOWHERE in unreachable
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE


def test_a_hub_that_answers_with_an_error_can_be_reached(monkeypatch):
    class Refusing(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_error(503)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        with hub_or_cache() as unreachable:
            assert unreachable is None
            assert not constants.HF_HUB_OFFLINE
        server.shutdown()
