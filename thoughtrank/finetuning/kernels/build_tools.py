"""What libraries need on this machine to compile code when training starts. Imports nothing heavy."""

import os
import shutil
import sysconfig
from pathlib import Path


def missing_build_tools() -> list[str]:
    """Names of the missing build tools, for an error message."""
    missing = []
    if not (os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")):
        missing.append("a C++ compiler (such as g++)")
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        missing.append("Python's headers (python3-dev)")
    return missing
