"""Downloads from a hub that refuses access, played by a server on this machine."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

PROGRAM = """
from thoughtrank.errors import UserError
from thoughtrank.models.pretrained import PretrainedModel
try:
    PretrainedModel(name="meta-llama/Llama-3.2-3B").identity()
except UserError as error:
    print(*error.faults, sep="\\n")
"""


DOWNLOAD = """
from thoughtrank.models.hub import download_model
folder = download_model("meta-llama/Llama-3.2-3B")
print(*sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))
"""


class Hub(BaseHTTPRequestHandler):
    """Tells what a repository holds, and gives no file of it."""

    names = ("config.json", "model.safetensors")
    refusal = ("GatedRepo", 401)

    def do_GET(self):
        if not self.path.startswith("/api/models/meta-llama/Llama-3.2-3B") or self.refusal[0] == "RepoNotFound":
            self._refuse()
            return
        if "/tree/" in self.path:
            reply = [{"type": "file", "path": name, "size": 2, "oid": "0" * 40} for name in self.names]
        else:
            files = [{"rfilename": name} for name in self.names]
            reply = {"id": "meta-llama/Llama-3.2-3B", "sha": "0" * 40, "siblings": files, "gated": "manual"}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self):
        self._refuse()

    def _refuse(self):
        code, status = self.refusal
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", "Access to model meta-llama/Llama-3.2-3B is restricted.")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class OpenHub(Hub):
    """Gives every file that is asked for."""

    names = (
        *("config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "tokenizer.json"),
        *("model.safetensors.index.json", "consolidated.safetensors", "consolidated.00.pth", "pytorch_model.bin"),
        *("original/consolidated.00.pth", "original/params.json", "onnx/model.onnx"),
    )

    def do_GET(self):
        if "/resolve/" in self.path:
            self._file()
            self.wfile.write(b"{}")
        else:
            super().do_GET()

    def do_HEAD(self):
        self._file()

    def _file(self):
        self.send_response(200)
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", f'"{self.path.rpartition("/")[2]}"')
        self.send_header("Content-Length", "2")
        self.end_headers()


@pytest.fixture
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ThisHub", (Hub,), {}))
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def fault_of(hub, tmp_path):
    return ask(hub, tmp_path, program=PROGRAM)


def ask(hub, tmp_path, *, program):
    address = f"http://127.0.0.1:{hub.server_address[1]}"
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    return address, line


def test_a_gated_model_names_its_licence_page_and_the_token(hub, tmp_path):
    address, line = fault_of(hub, tmp_path)
    assert f"{address}/meta-llama/Llama-3.2-3B" in line
    assert "HF_TOKEN" in line
    assert "licence" in line


def test_a_model_that_is_not_on_the_hub_has_another_message(hub, tmp_path):
    hub.RequestHandlerClass.refusal = ("RepoNotFound", 404)
    _, line = fault_of(hub, tmp_path)
    assert "no such model on the hub" in line


def test_weights_are_fetched_once_and_not_in_other_formats(hub, tmp_path):
    hub.RequestHandlerClass = type("ThisHub", (OpenHub,), {})
    _, line = ask(hub, tmp_path, program=DOWNLOAD)
    assert line.split() == [
        "config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
    ]
