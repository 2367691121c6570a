"""Weights in the format safetensors: whether a file has the length that its header states, and what it holds."""

import json
from pathlib import Path

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000
"""Bytes, as the format has it."""


def is_whole(path: Path) -> bool:
    """False for a file that was cut, or holds something else. The tensors are not read."""
    try:
        length, header = _header(path)
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        return path.stat().st_size == _LENGTH_BYTES + length + max(ends, default=0)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of each tensor in a whole file."""
    _, header = _header(path)
    return {name: tuple(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"}


def _header(path: Path) -> tuple[int, dict[str, dict[str, list[int]]]]:
    """The length of the header in bytes, and the header.

    Raises:
        ValueError: the file has none.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > _LARGEST_HEADER:
            raise ValueError(f"{path} is no safetensors file")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError(f"{path} is no safetensors file")
    return length, header
