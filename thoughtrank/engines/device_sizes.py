"""Sizes of groups and of the KV cache that follow from the device: what ``auto`` is for the embedded engine.

A CPU is busy with a few hundred branches. A GPU needs a thousand, from questions enough that the end of a group, where few
branches are left, is a small part of it.
"""

import re
from typing import NamedTuple

from thoughtrank.errors import UserError
from thoughtrank.models.hardware import DeviceKind

AUTO = "auto"
_CACHE_FRACTION = 0.9
"""Of the device's memory, for weights and KV cache. The rest is the reserve: activations, logits, CUDA's own memory."""
_BUDGET = 65536
_MOST_ON_CPU = 4


class GroupSizes(NamedTuple):
    """Questions of a group in generation, and replies of one in evaluation."""

    questions: int
    replies: int


_GROUPS = {"cuda": GroupSizes(64, 4096)}


def group_sizes(device: DeviceKind) -> GroupSizes:
    """The sizes for a kind of device."""
    return _GROUPS.get(device, GroupSizes(8, 256))


def groups_on_cpu(*, threads: int, cache_bytes: float, memory_bytes: float) -> int:
    """Groups that a CPU decodes at once.

    One per thread, because two threads with a group each write more than two threads with one group: up to four, whose KV
    caches take at most a quarter of the memory.

    Args:
        threads: that may compute.
        cache_bytes: the largest KV cache of one group.
        memory_bytes: that the process may use.
    """
    return max(1, min(threads, _MOST_ON_CPU, int(memory_bytes / 4 / max(1.0, cache_bytes))))


def token_budget(device: DeviceKind) -> int | str:
    """The budget for a kind of device: tokens, or the memory of weights and KV cache together.

    The memory of a card is that of its model, whatever else is using it now: the same command means the same run.
    """
    if device != "cuda":
        return _BUDGET
    import torch

    return f"{int(torch.cuda.get_device_properties(0).total_memory * _CACHE_FRACTION / 1e9)}GB"


def number_of(setting: int | str) -> int | str:
    """A setting that may have come from an environment variable: its number, or ``setting`` itself if it is none."""
    return int(setting) if isinstance(setting, str) and re.fullmatch(r"\d{1,18}", setting) else setting


def gigabytes(setting: int | str) -> float | None:
    """The number before ``GB``; None for anything else."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?) ?GB", str(setting))
    return float(found[1]) if found else None


def budget_tokens(setting: int | str, *, weight_bytes: int, bytes_per_token: int) -> int:
    """Tokens of KV cache.

    Args:
        setting: tokens, or the memory of weights and KV cache together, such as ``60GB``.
        weight_bytes: of the model.
        bytes_per_token: keys and values of one token.

    Raises:
        UserError: the weights alone need more than that memory.
    """
    memory = gigabytes(setting)
    if memory is None:
        return int(setting)
    tokens = int((memory * 1e9 - weight_bytes) / bytes_per_token)
    if tokens < 1:
        raise UserError(
            f"engine.token_budget={setting}, but the weights alone take {weight_bytes / 1e9:.1f} GB: raise it"
        )
    return tokens
