"""The command line of vLLM's server."""

import sys
from pathlib import Path

from thoughtrank.engines.serving.vllm_server import python_faults, server_command


def test_switches_values_and_missing_options_become_arguments(tmp_path):
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    command = server_command(
        python=str(python),
        model_folder=Path("/model"),
        options={"port": 8000, "max-model-len": None, "enable-prefix-caching": True, "enable-x": False},
        arguments=["--enforce-eager"],
    )
    # The link itself, which makes its folder the environment.
    assert command[0] == str(python)
    assert command[3:5] == ["--model", "/model"]
    assert command[5:] == ["--port", "8000", "--enable-prefix-caching", "--no-enable-x", "--enforce-eager"]


def test_a_program_that_cannot_be_run_is_a_fault(tmp_path):
    program = tmp_path / "python"
    program.write_text("no program")
    [fault] = python_faults(str(program))
    assert fault == f"engine.python={program} cannot be run: Permission denied"
