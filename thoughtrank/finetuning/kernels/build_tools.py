"""What libraries need on this machine to compile code when training starts. Imports nothing heavy."""

import os
import shutil
import sysconfig
from importlib.util import find_spec
from pathlib import Path


def missing_build_tools() -> list[str]:
    """Names of the missing build tools, for an error message."""
    missing = []
    if not (os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")):
        missing.append("a C++ compiler (such as g++)")
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        missing.append("Python's headers (python3-dev)")
    return missing


def likely_compiles_triton() -> bool:
    """Whether Triton kernels will probably compile here: the package is installed, and so is a C compiler, which it calls."""
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
    return find_spec("triton") is not None and bool(compiler)
