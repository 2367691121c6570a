"""How vLLM's server is installed and started: in a Python environment of its own, because its dependencies are pinned."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from thoughtrank.output.redaction import foreign_environment
from thoughtrank.user_input.user_paths import user_path

INSTALL = (
    "with a GPU: python3 -m venv .venv-vllm && .venv-vllm/bin/python -m pip install vllm; without one: make .venv-vllm"
)


def python_faults(python: str) -> list[str]:
    """What is wrong with the environment of the server.

    Args:
        python: the environment's program, as in the config.
    """
    program = user_path(python)
    if not program.is_file():
        return [f"engine.python={python}: no such program. Create an environment with vLLM: {INSTALL}"]
    check = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    try:
        command = [str(program), "-I", "-c", check]
        done = subprocess.run(command, env=foreign_environment(), capture_output=True, check=False)
        found = done.returncode == 0
    except OSError as error:
        return [f"engine.python={python} cannot be run: {error.strerror}"]
    return [] if found else [f"engine.python={python} has no vLLM. Install it, or use another environment: {INSTALL}"]


def server_command(
    *, python: str, model_folder: Path, options: Mapping[str, object], arguments: Sequence[str]
) -> list[str]:
    """The command line of the server.

    Args:
        python: the environment's program.
        model_folder: in Hugging Face format.
        options: names without dashes and values; True and False become ``--name`` and ``--no-name``, None is left out.
        arguments: appended as they are.
    """
    # Not resolve(): an environment's python is a symbolic link, and following it would leave the environment.
    program = str(user_path(python).absolute())
    command = [program, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model_folder)]
    for name, value in options.items():
        if isinstance(value, bool):
            command.append(f"--{name}" if value else f"--no-{name}")
        elif value is not None:
            command += [f"--{name}", str(value)]
    return [*command, *arguments]
