"""A server that is started here is waited for, heard when it dies, and never outlives the run."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from thoughtrank.engines.serving.server_process import ServerProcess
from thoughtrank.errors import UserError
from thoughtrank.http_api.ports import free_port

SERVER = """
import http.server, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"data": [{"id": "random"}]}' if self.path == "/v1/models" else b"ok"
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PARENT = """
import sys, time
from pathlib import Path
from thoughtrank.engines.serving.server_process import ServerProcess
port = int(sys.argv[1])
server = ServerProcess(command=[sys.executable, sys.argv[2], str(port)], port=port, model="random", name="it",
                       log=Path(sys.argv[3]), start_minutes=1)
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return str(path)


def alive(pid: int) -> bool:
    try:
        state = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]  # noqa: PTH123, SIM115
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(*pids: int, seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(alive, pids))


def pids_of(log) -> list[int]:
    return [int(pid) for pid in re.findall(r"^child (\d+)$", log.read_text(), flags=re.MULTILINE)]


def test_it_is_ready_when_healthy_and_gone_with_its_children_after_close(program, tmp_path, capsys):
    port, log = free_port(), tmp_path / "log"
    server = ServerProcess(
        command=[sys.executable, program, str(port)], port=port, model="random", name="it", log=log, start_minutes=1
    )
    assert server.get("/version") == b"ok"
    [child] = pids_of(log)
    assert alive(child)
    server.close()
    assert not alive(child)
    server.close()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health")
    assert "it is ready" in capsys.readouterr().out


def test_one_that_dies_is_quoted(tmp_path):
    command = [sys.executable, "-c", "import sys; print('\\n' * 40 + 'no such model'); sys.exit(3)"]
    with pytest.raises(UserError, match=r"(?s)it exited while starting.*no such model") as caught:
        ServerProcess(
            command=command, port=free_port(), model="random", name="it", log=tmp_path / "log", start_minutes=1
        )
    assert len(str(caught.value).splitlines()) <= 16


def test_one_that_never_gets_ready_is_given_up_and_ended(tmp_path):
    command = [sys.executable, "-c", "import os, time; print('child', os.getpid(), flush=True); time.sleep(600)"]
    with pytest.raises(UserError, match="was not ready within"):
        ServerProcess(
            command=command, port=free_port(), model="random", name="it", log=tmp_path / "log", start_minutes=0.03
        )
    assert gone(*pids_of(tmp_path / "log"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_the_run_is_killed(program, tmp_path, number):
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-c", PARENT, str(port), program, str(log)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while parent.stdout.readline().strip() != "up":
        assert parent.poll() is None
    [child] = pids_of(log)
    os.kill(parent.pid, number)
    parent.communicate()
    assert gone(child)


def test_it_sees_no_key_and_no_path_of_this_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", str(tmp_path)))
    command = [sys.executable, "-c", "import os; print(*os.environ); print(*os.environ.values())"]
    with pytest.raises(UserError):
        ServerProcess(
            command=command, port=free_port(), model="random", name="it", log=tmp_path / "log", start_minutes=1
        )
    assert "canary" not in (tmp_path / "log").read_text()
    assert "PYTHONPATH" not in (tmp_path / "log").read_text()


def test_another_server_on_the_port_is_not_taken_for_it(program, tmp_path):
    port = free_port()
    other = ServerProcess(
        command=[sys.executable, program, str(port)],
        port=port,
        model="random",
        name="other",
        log=tmp_path / "other",
        start_minutes=1,
    )
    settings = {"port": port, "model": "another-random", "name": "it", "log": tmp_path / "log"}
    try:
        command = [sys.executable, "-c", "import time; time.sleep(1); print('port is taken'); raise SystemExit(1)"]
        with pytest.raises(UserError, match=r"(?s)it exited while starting.*port is taken"):
            ServerProcess(command=command, start_minutes=1, **settings)
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        with pytest.raises(UserError, match="was not ready within"):
            ServerProcess(command=command, start_minutes=0.02, **settings)
    finally:
        other.close()
