"""The command that runs a module of this package in a child process."""

import sys

from thoughtrank.process import run_module
from thoughtrank.process.module_path import working_folder_last


def module_command(module: str, *arguments: str) -> list[str]:
    """Like ``python -m MODULE ARGUMENT...``, with the module path of this process and the working folder last in it."""
    paths = working_folder_last(sys.path)
    return [sys.executable, "-P", run_module.__file__, module, str(len(arguments)), *arguments, *paths]
