"""Programs that run Triton kernels in Triton's interpreter, which needs the package but no GPU."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / ".cache" / "triton"

needs_triton = pytest.mark.skipif(
    not (find_spec("triton") or SITE.exists()), reason="no Triton: 'make .cache/triton' installs it for these tests"
)

_WITH_SCALARS = """
from triton.runtime import interpreter
patch = interpreter._patch_lang_tensor
def with_scalars(tensor, scope):
    patch(tensor, scope)  # its scalars are arrays of one element, which NumPy does not convert by itself any more
    scope.set_attr(tensor, "__index__", lambda self: self.handle.data.item())
interpreter._patch_lang_tensor = with_scalars
"""


def run_interpreted(program: str) -> None:
    """Run a Python program; it fails if the program does."""
    paths = [os.environ.get("PYTHONPATH"), str(SITE)]
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    subprocess.run([sys.executable, "-c", _WITH_SCALARS + program], check=True, env=environment)
