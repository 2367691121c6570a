"""What libraries that compile code while a training starts need on this machine. Imports nothing heavy."""

import os
import shutil
import sysconfig
from pathlib import Path


def missing_for_compiling() -> list[str]:
    """What is not there, in words."""
    missing = []
    if not (os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")):
        missing.append("a C++ compiler (such as g++)")
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        missing.append("Python's headers (python3-dev)")
    return missing
