"""Bounds the memory that glibc's allocator keeps while CPU tensors of changing sizes are allocated.

Needs Linux with glibc 2.33 or later; elsewhere nothing changes.
"""

import os
from pathlib import Path

import pytorch_lightning as pl
from torch import Tensor, nn

from thoughtrank.process.malloc import glibc

_SLACK_BYTES = 192 << 20
"""Free memory allowed at the peak. The less, the more often pages are returned to the system and faulted in again."""


class TrimHeap(pl.Callback):
    """Returns free memory to the system when keeping it would raise the peak.

    The heap fragments: without this callback a third of the resident memory is free at the peak, and more with every step
    of a different size. The limit is the largest memory in use so far, plus ``slack``.

    Args:
        slack: bytes of free memory allowed at the peak.
    """

    def __init__(self, *, slack: int = _SLACK_BYTES) -> None:
        self.slack = slack
        self._library = glibc()
        self._outside_heap = 0
        self._peak_in_use = 0

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Check memory after every decoder layer, in the forward and the backward pass."""
        if self._library is None or trainer.strategy.root_device.type != "cpu":
            return
        self._trim()
        decoder: nn.Module = module.model.get_decoder()  # type: ignore[union-attr, operator]
        for layers in decoder.children():
            for layer in layers if isinstance(layers, nn.ModuleList) else ():
                layer.register_forward_hook(self._after_layer)
        decoder.register_forward_hook(lambda *_: self.check(at_peak=True))

    def _after_layer(self, _layer: nn.Module, _arguments: object, output: object) -> None:
        self.check()
        if isinstance(output, Tensor) and output.requires_grad:
            output.register_hook(lambda _gradient: self.check())

    def check(self, *, at_peak: bool = False) -> None:
        """Trim the heap if more memory is resident than was ever in use.

        Args:
            at_peak: memory in use is at its peak now, so that everything free now is free at the peak.
        """
        in_use = self._outside_heap + self._heap_in_use()
        self._peak_in_use = max(self._peak_in_use, in_use)
        if _resident_bytes() > self.slack + (in_use if at_peak else self._peak_in_use):
            self._trim()

    def _trim(self) -> None:
        assert self._library is not None
        self._library.malloc_trim(0)
        self._outside_heap = _resident_bytes() - self._heap_in_use()

    def _heap_in_use(self) -> int:
        assert self._library is not None
        info = self._library.mallinfo2()
        return info.uordblks + info.hblkhd


def _resident_bytes() -> int:
    """Resident set size of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
