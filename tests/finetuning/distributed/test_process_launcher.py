"""How ranks are started and ended; programs of a few lines stand in for real trainings."""

import json
import os
import stat
import sys
import time

import pytest

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed import process_launcher
from thoughtrank.finetuning.distributed.process_launcher import (
    FAULTS,
    LaunchConfig,
    rank_environment,
    report_faults,
    run_ranks,
)
from thoughtrank.output.redaction import use_key_variable
from thoughtrank.process import cpu_quota


@pytest.fixture
def rank_program(tmp_path, monkeypatch):
    """Replaces a rank by shell commands, in which ``$RANK`` and the other variables of a rank are set."""

    def becomes(commands):
        path = tmp_path / "rank.sh"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{commands}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(path))

    return becomes


def test_all_ranks_are_started_and_waited_for(rank_program, tmp_path):
    rank_program('echo "$RANK $LOCAL_RANK $WORLD_SIZE $MASTER_PORT $3 $5 $6" > done.$RANK')
    run_ranks(tmp_path / "job.yaml", launch=LaunchConfig(devices=2, port=1234))
    command = f"thoughtrank.finetuning {tmp_path}/job.yaml {os.getpid()}"
    assert [(tmp_path / f"done.{rank}").read_text() for rank in (0, 1)] == [
        f"{rank} {rank} 2 1234 {command}\n" for rank in (0, 1)
    ]


def test_a_fault_that_several_ranks_report_is_raised_once(rank_program, tmp_path):
    # dash has no multi-digit redirections.
    rank_program(f"echo '\"no examples\"' > /proc/self/fd/${FAULTS}; exit 2")
    with pytest.raises(UserError) as caught:
        run_ranks(tmp_path / "job.yaml", launch=LaunchConfig(devices=2))
    assert caught.value.faults == ("no examples",)


def test_a_rank_that_fails_without_a_word_is_reported_by_its_status(rank_program, tmp_path):
    rank_program("exit 7")
    with pytest.raises(UserError, match="status 7"):
        run_ranks(tmp_path / "job.yaml", launch=LaunchConfig())


def test_ranks_are_killed_when_another_rank_has_failed(rank_program, tmp_path, monkeypatch):
    monkeypatch.setattr(process_launcher, "_GRACE_SECONDS", 0.1)
    rank_program('[ "$RANK" = 0 ] && exit 3; sleep 600')
    started = time.monotonic()
    with pytest.raises(UserError, match="status 3"):
        run_ranks(tmp_path / "job.yaml", launch=LaunchConfig(devices=2))
    assert time.monotonic() - started < 30


def test_an_abandoned_training_ends_its_ranks(rank_program, tmp_path):
    rank_program("echo $$ > id; sleep 600")

    def abandon():
        if (tmp_path / "id").exists():
            raise UserError("the first machine is gone")

    with pytest.raises(UserError, match="the first machine is gone"):
        run_ranks(tmp_path / "job.yaml", launch=LaunchConfig(), check=abandon)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "id").read_text()), 0)


def test_ranks_are_numbered_over_all_machines():
    launch = LaunchConfig(devices=4, num_nodes=3, node_rank=2, address="first", port=29500)
    environment = rank_environment(launch, local_rank=1, faults=9)
    expected = {"RANK": "9", "LOCAL_RANK": "1", "NODE_RANK": "2", "WORLD_SIZE": "12", "LOCAL_WORLD_SIZE": "4"}
    expected |= {"MASTER_ADDR": "first", "MASTER_PORT": "29500", FAULTS: "9"}
    assert {name: environment[name] for name in expected} == expected


def test_keys_and_variables_of_outer_launchers_are_not_inherited(monkeypatch):
    hidden = {
        "OPENAI_API_KEY",
        "HF_TOKEN",
        "MY_SECRET_FILE",
        "DBPASSWORD",
        "JUDGE_PASS",
        "SLURM_NODEID",
        "TORCHELASTIC_RUN_ID",
    }
    for name in hidden:
        monkeypatch.setenv(name, "1")
    use_key_variable("JUDGE_PASS")
    monkeypatch.setenv("HF_HOME", "kept")
    environment = rank_environment(LaunchConfig(), local_rank=0, faults=9)
    assert environment["HF_HOME"] == "kept"
    assert not hidden & environment.keys()


def test_ranks_of_one_machine_share_its_cores_unless_a_number_of_threads_is_given(monkeypatch):
    monkeypatch.setattr(cpu_quota, "usable_cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    two = LaunchConfig(devices=2)
    assert rank_environment(two, local_rank=0, faults=9)["OMP_NUM_THREADS"] == "4"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert rank_environment(two, local_rank=0, faults=9)["OMP_NUM_THREADS"] == "1"


def test_faults_go_to_the_launcher_or_to_the_terminal(monkeypatch, capsys):
    reader, writer = os.pipe()
    monkeypatch.setenv(FAULTS, str(writer))
    report_faults(UserError("one", "two"))
    os.close(writer)
    with os.fdopen(reader) as file:
        assert [json.loads(line) for line in file] == ["one", "two"]
    monkeypatch.delenv(FAULTS)
    report_faults(UserError("three"))
    assert capsys.readouterr().err == "error: three\n"
