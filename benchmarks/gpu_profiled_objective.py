"""The usual objective, which profiles one training step on the way; a training process of ``gpu_training.py`` loads it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import transformers.utils

from thoughtrank.finetuning import train
from thoughtrank.finetuning.kernels import chunked_cross_entropy, packed_attention
from thoughtrank.finetuning.objectives import SupervisedFineTuning

if TYPE_CHECKING:
    from torch import Tensor
    from torch.profiler import profile
    from transformers import PreTrainedModel

    from thoughtrank.finetuning.batching.batches import Batch


HIDE: dict[str, tuple[ModuleType, str, Callable[..., object]]] = {
    "liger": (transformers.utils, "is_liger_kernel_available", lambda: False),
    "flash": (packed_attention, "supports_flash", lambda **_: False),
    "loss": (chunked_cross_entropy, "fused_cross_entropy", lambda device: None),
    "masters": (train, "has_optimizer_masters", lambda **settings: False),
}
"""The function that training asks for a kernel, by its module and name, and one that says that there is none.

For the loss it is not ``compiles_triton``, which the kernels of norms, MLPs and the optimizer ask as well."""


def hide(name: str) -> None:
    """Let this process train without a kernel."""
    module, asked, answer = HIDE[name]
    assert hasattr(module, asked), f"{module.__name__} has no {asked} any more: the variant would time something else"
    setattr(module, asked, answer)


class ProfiledFineTuning(SupervisedFineTuning):
    """Profiles everything between the beginnings of two steps.

    Args:
        path: of the JSON file with what was found.
        first_call: number of the forward pass that begins the step, from 0.
        calls: forward passes of a step.
        without: kernels that are not used: ``liger``, ``flash`` (attention), ``loss`` or ``masters``.
    """

    def __init__(self, *, path: str, first_call: int, calls: int, without: list[str]) -> None:
        # The model is loaded later, and asks then which kernels there are.
        for name in without:
            hide(name)
        self.path = path
        self.first_call = first_call
        self.calls = calls
        self.without = without
        self._count = 0
        self._started = 0.0
        self._profile: profile | None = None

    def loss(self, *, model: "PreTrainedModel", batch: "Batch") -> "Tensor":
        """See ``SupervisedFineTuning``."""
        if self._count == self.first_call:
            self._begin()
        elif self._count == self.first_call + self.calls:
            self._end()
        self._count += 1
        return super().loss(model=model, batch=batch)

    def _begin(self) -> None:
        import torch
        from torch.profiler import ProfilerActivity, profile

        on_card = torch.cuda.is_available()
        self._profile = profile(activities=[ProfilerActivity.CUDA] if on_card else [ProfilerActivity.CPU])
        if on_card:
            torch.cuda.synchronize()
        self._profile.start()
        self._started = time.perf_counter()

    def _end(self) -> None:
        import torch
        from gpu_launches import device_ms, longest

        if self._profile is None:
            return
        on_card = torch.cuda.is_available()
        if on_card:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - self._started
        self._profile.stop()
        events = self._profile.key_averages()
        found: dict[str, object] = {"profiled_step_ms": round(1000 * seconds, 2)}
        if on_card:
            kernels = device_ms(events)
            found |= {
                "kernel_ms": round(kernels, 2),
                "idle_fraction_of_device": round(max(0.0, 1 - kernels / seconds / 1000), 4),
                "longest_kernels_ms": longest(events, number=14, runs=1),
            }
        Path(self.path).write_text(json.dumps(found))
