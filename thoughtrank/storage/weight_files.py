"""Weights in the format safetensors: whether a file has the length that its header states."""

import json
from pathlib import Path

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000
"""Bytes, as the format has it."""


def is_whole(path: Path) -> bool:
    """False for a file that was cut, or holds something else. The tensors are not read."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if length > _LARGEST_HEADER:
                return False
            header = json.loads(file.read(length))
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        return path.stat().st_size == _LENGTH_BYTES + length + max(ends, default=0)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
