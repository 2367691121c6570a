"""Training on several processes and machines, in a whole run: nothing is generated or judged a second time."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from openai_server import OpenAIServer

from thoughtrank.http_api.ports import free_port

PAID = ["run=paid", "rounds=1", "judge=openai", "judge.model=test-judge", "judge.concurrency=1"]


@pytest.fixture
def server():
    running = OpenAIServer()
    yield running
    running.close()


@pytest.fixture
def paying(workplace, server):
    """The overrides of a run whose judge is the server."""
    workplace.environment["OPENAI_API_KEY"] = "key"
    return [*PAID, f"judge.base_url={server.url}"]


def assert_each_look_was_paid_once(workplace, server):
    verdicts = workplace.path("paid", "round_1", "2_rankings", "_verdicts.jsonl").read_text().splitlines()
    assert len(verdicts) == len(server.received) > 0
    prompts = [body["messages"][0]["content"] for body in server.bodies]
    assert len(set(prompts)) == len(prompts)


def started_on(workplace, rank, port, *overrides):
    workplace.environment |= {"NODE_RANK": str(rank), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return workplace.start(*overrides)


def processes_with(word: str) -> list[int]:
    """Ids of processes that have ``word`` on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in text and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found


@pytest.mark.slow
def test_two_machines_train_together_and_only_the_first_one_judges(workplace, server, paying):
    overrides = [*paying, "strategy=deepspeed_zero2", "strategy.num_nodes=2", "strategy.accelerator=cpu"]
    # Long enough to be killed while both train; the number of epochs is the same in both attempts.
    overrides += ["training.epochs=15"]
    port = free_port()
    often = "training.checkpoint_minutes=0.001"
    machines = [started_on(workplace, rank, port, *overrides, often) for rank in (0, 1)]
    until = time.monotonic() + 200
    while not any(workplace.folder.glob("cache/models/*/_checkpoint/step-*/manifest.json")):
        assert time.monotonic() < until
        assert machines[0].poll() is None, machines[0].communicate()[0]
        time.sleep(0.02)
    machines[0].send_signal(signal.SIGKILL)
    machines[0].communicate()
    output, _ = machines[1].communicate(timeout=60)
    assert machines[1].returncode == 2, output
    assert "the first machine" in output
    until = time.monotonic() + 30
    while processes_with(str(workplace.folder)) and time.monotonic() < until:
        time.sleep(0.1)
    assert processes_with(str(workplace.folder)) == []

    port = free_port()
    machines = [started_on(workplace, rank, port, *overrides) for rank in (0, 1)]
    outputs = [machine.communicate(timeout=200)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], outputs
    assert "generation" not in outputs[1]
    assert_each_look_was_paid_once(workplace, server)
    facts = json.loads(workplace.path("paid", "round_1", "4_model", "_training.json").read_text())
    assert (facts["world_size"], facts["num_nodes"], facts["strategy"]) == (2, 2, "DeepSpeedStrategy")
