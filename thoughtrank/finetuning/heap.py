"""How the C library treats the memory of tensors on the CPU (Linux with glibc; elsewhere nothing is changed)."""

import ctypes
import sys
from typing import Any

import pytorch_lightning as pl

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
_LARGEST = 2**31 - 1


def keep_memory() -> None:
    """Have freed memory kept for the next tensor, instead of being given back to the system after each.

    Otherwise the large tensors of every step are mapped and zeroed page by page again.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
        library.mallopt(_TRIM_THRESHOLD, _LARGEST)


class TrimHeap(pl.Callback):
    """Gives what lies free back to the system now and then.

    Steps differ in size, so kept memory falls to pieces that fit no later tensor, and a training would grow with every step.

    Args:
        every: optimizer steps between two times.
    """

    def __init__(self, *, every: int = 4) -> None:
        self.every = every
        self._library = _glibc()
        self._last = 0

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Trim behind the steps whose turn it is."""
        step = trainer.global_step
        if self._library is not None and step % self.every == 0 and step != self._last:
            self._library.malloc_trim(0)
            self._last = step


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
