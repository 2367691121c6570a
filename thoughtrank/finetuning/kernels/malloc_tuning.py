"""How the C library treats the memory of tensors on the CPU (Linux with glibc 2.33 or later; elsewhere nothing is changed)."""

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX of malloc.h
_LARGEST = 2**31 - 1
_MAPPED_FROM = 1 << 24
"""Bytes. Larger tensors are few, and would leave holes that no other tensor fills."""

_SPARE = 192 << 20
"""Bytes that may lie free at the peak. The fewer, the more often pages are given back and fetched again."""


def keep_memory() -> None:
    """Have freed memory kept for the next tensor, instead of being given back to the system after each.

    Otherwise the tensors of every step are mapped and zeroed page by page again. All threads share one heap, because the
    backward pass has a thread of its own, and what it frees would be of no use to the next forward pass.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_ARENA_MAX, 1)
        library.mallopt(_MMAP_THRESHOLD, _MAPPED_FROM)
        library.mallopt(_TRIM_THRESHOLD, _LARGEST)


class BoundHeap(pl.Callback):
    """Gives free memory back to the system when keeping it would raise the peak.

    Freed memory falls to pieces, and tensors wander over them: without a bound a third of the resident memory lies free at the
    peak, and more with every step of another size. The bound is the most that was in use at once so far, and a little more.

    Args:
        spare: bytes that may lie free at the peak.
    """

    def __init__(self, *, spare: int = _SPARE) -> None:
        self.spare = spare
        self._library = _glibc()
        self._outside = 0
        self._most = 0

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Look at memory behind every layer, forwards and backwards."""
        if self._library is None or trainer.strategy.root_device.type != "cpu":
            return
        self._trim()
        decoder = module.model.get_decoder()  # type: ignore[union-attr, operator]
        for layer in getattr(decoder, "layers", ()):  # not every model has them under this name
            layer.register_forward_hook(self._behind_layer)
        decoder.register_forward_hook(lambda *_: self.check(coming=True))

    def _behind_layer(self, _layer: Any, _arguments: Any, output: Any) -> None:
        self.check()
        if hasattr(output, "requires_grad") and output.requires_grad:
            output.register_hook(lambda _gradient: self.check())

    def check(self, *, coming: bool = False) -> None:
        """Trim if more is resident than was ever needed.

        Args:
            coming: the most is in use from here on, so that what lies free now will lie free then.
        """
        needed = self._outside + self._in_use()
        self._most = max(self._most, needed)
        if _resident() > self.spare + (needed if coming else self._most):
            self._trim()

    def _trim(self) -> None:
        assert self._library is not None
        self._library.malloc_trim(0)
        self._outside = _resident() - self._in_use()

    def _in_use(self) -> int:
        assert self._library is not None
        heap = self._library.mallinfo2()
        return heap.uordblks + heap.hblkhd


class _Heap(ctypes.Structure):
    """``struct mallinfo2``: ``uordblks`` bytes in use in the heap, ``hblkhd`` in mappings of their own."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _resident() -> int:
    """Bytes of this process in main memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    if not all(hasattr(library, name) for name in ("mallopt", "malloc_trim", "mallinfo2")):
        return None
    library.mallinfo2.restype = _Heap
    return library
