"""How many CUDA devices a program of another environment will find, without importing torch, whose build here may lack CUDA."""

import os
import subprocess

from thoughtrank.output.redaction import child_environment

_SECONDS = 30.0


def num_cuda_devices() -> int:
    """Those that the driver lists and ``CUDA_VISIBLE_DEVICES`` leaves; 0 without a driver."""
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--list-gpus"],
            env=child_environment(),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    number = sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return number if visible is None else min(number, _num_named(visible, listed=number))


def _num_named(visible: str, *, listed: int) -> int:
    """Devices in a list of indices or names; CUDA ignores what follows the first one that does not exist, such as -1."""
    number = 0
    for name in map(str.strip, visible.split(",")):
        if not (name.startswith(("GPU-", "MIG-")) or (name.isdecimal() and int(name) < listed)):
            break
        number += 1
    return number
