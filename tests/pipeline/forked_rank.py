"""Training processes that the fork server starts, in place of the interpreters that a command would start."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

from forked_command import ForkedProcess

START_RANKS = "TEST_START_RANKS"
"""Environment variable: if set, a forked command starts its training processes itself, as a command that was started does."""

_address = ""


class ForkedRank(ForkedProcess):
    """Takes the place of ``subprocess.Popen`` where the process launcher starts a rank.

    Args:
        command: of ``child_module.module_command``, with the job file and the process id of the caller as arguments.
        env: all environment variables.
        pass_fds: descriptors that it inherits.
        start_new_session: always so.
    """

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], pass_fds: Sequence[int], start_new_session: bool
    ) -> None:
        assert start_new_session
        super().__init__()
        # Python, its option and the file that runs a module; then the module, the number of its arguments, and these.
        module, job = command[3], command[5]
        request = {"module": module, "arguments": [job, None], "folder": str(Path.cwd()), "descriptors": list(pass_fds)}
        self._fork(_address, {**request, "environment": dict(env)}, output=1, inherited=pass_fds)


def fork_ranks(address: str) -> None:
    """Let this process start its training processes through the server that listens at ``address``."""
    global _address
    # Not at the top: a fork server imports this file, and decides itself when the package is imported.
    from thoughtrank.finetuning.distributed import process_launcher

    _address = address
    process_launcher.subprocess = SimpleNamespace(Popen=ForkedRank)
