"""``thoughtrank.api.run``, as scripts and notebooks call it."""

import asyncio
import io
import json
import os
import signal
import sys
import threading
import traceback

import pytest

from thoughtrank import api
from thoughtrank.storage.run_paths import RunPaths


@pytest.fixture
def base(finished):
    """The overrides of a finished run."""
    return finished.command("run=base", "rounds=2", "logger=csv")[2:]


def test_it_returns_the_summary_also_twice_in_one_process_and_leaves_the_process_as_it_is(finished, base):
    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), [*sys.path], [*sys.argv]]
    summary = json.loads(RunPaths(finished.path("base")).summary.read_text())
    assert api.run(base) == summary
    assert api.run(base) == summary
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1, 2]
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.path, sys.argv] == before


def test_it_runs_as_in_a_notebook_in_any_thread_beside_a_running_event_loop_and_without_a_terminal(base, monkeypatch):
    summaries = []
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    async def cell():
        summaries.append(api.run(base))

    asyncio.run(cell())
    thread = threading.Thread(target=lambda: summaries.append(api.run(base)))
    thread.start()
    thread.join()
    assert summaries[0] == summaries[1]
    assert "is finished already" in sys.stdout.getvalue()


def test_a_mapping_does_the_same_as_texts(finished, base):
    mapping = dict(each.split("=", 1) for each in base)
    numbers = {
        key: json.loads(value) for key, value in mapping.items() if value[0].isdigit() or value in ("true", "[]")
    }
    arms = {"evaluation.arms": mapping["evaluation.arms"].strip("[]").split(",")}
    assert api.run({**mapping, **numbers, **arms}) == api.run(base)


def test_a_plan_returns_nothing(base, capsys):
    assert api.run([*base, "dry_run=true"]) is None
    assert "run base: 2 rounds" in capsys.readouterr().out


def test_what_the_user_has_to_fix_is_raised_with_every_fault(base):
    with pytest.raises(api.UserError) as caught:
        api.run([*base, "rounds=0", "optimizer.lr=-1"])
    assert len(caught.value.faults) == 2
    with pytest.raises(api.UserError, match="unknown key") as caught:
        api.run({"no_such_key": 1})
    [_, last] = traceback.extract_tb(caught.tb)
    assert (last.filename, last.name) == (api.__file__, "run")
    assert "hydra" not in "".join(traceback.format_exception(caught.value)).lower()


def test_the_log_of_a_run_has_the_overrides_of_the_call(workplace, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    monkeypatch.setattr("thoughtrank.pipeline.run_pipeline", lambda **_: None)
    overrides = workplace.command("run=called", "rounds=1", "stop_after=generation")[2:]
    assert api.run(overrides) is None
    log = (workplace.path("called") / "run.log").read_text()
    assert f"[{os.getpid()}] started: {' '.join(overrides)}\n" in log
