"""What a training step costs: tokens per second, model FLOPs utilization (MFU), memory, padding."""

import math
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from thoughtrank.finetuning.batching.batches import Batch
from thoughtrank.finetuning.distributed.sharded_parameters import full_shape

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(slots=True)
class StepWork:
    """What one rank has done in one optimizer step so far.

    Attributes:
        examples: trained on.
        tokens: computed by the model.
        targets: tokens predicted.
        target_weight: the sum of their weights.
        positions: tokens and padding.
        question_ids: of the examples.
    """

    examples: int = 0
    tokens: int = 0
    targets: int = 0
    target_weight: float = 0.0
    positions: int = 0
    question_ids: list[str] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Count a micro-batch; one of weight 0 only keeps the ranks in step."""
        if not batch.loss_weight:
            return
        self.examples += len(batch.question_ids)
        self.tokens += batch.num_tokens
        self.targets += len(batch.target_ids)
        self.target_weight += batch.total_weight
        self.positions += batch.token_ids.numel()
        self.question_ids.extend(batch.question_ids)


class ThroughputMeter:
    """Turns the work of a step, summed over ranks, into rates.

    Model FLOPs are 6 per weight of the layers and token, and 6 per weight of the output head and target (arXiv 2204.02311,
    appendix B, without attention). The peak rate is measured once, with a matmul of two square matrices.

    Args:
        model: the causal LM.
        dtype: of the arithmetic.
        device: that computes.
        world_size: number of ranks.
    """

    def __init__(self, *, model: "PreTrainedModel", dtype: torch.dtype, device: torch.device, world_size: int) -> None:
        head = model.get_output_embeddings()
        self._head_weights = head.out_features * head.in_features if isinstance(head, torch.nn.Linear) else 0
        embeddings = {
            id(parameter) for module in (model.get_input_embeddings(), head) for parameter in module.parameters()
        }
        self._layer_weights = sum(
            math.prod(full_shape(parameter)) for parameter in model.parameters() if id(parameter) not in embeddings
        )
        self._device = device
        self._peak = world_size * _matmul_flops(dtype, device)

    def rates(self, *, tokens: float, targets: float, positions: float, seconds: float) -> dict[str, float]:
        """Rates per second, ``mfu`` (a fraction), ``memory_gb`` (peak so far), and ``padding`` (fraction of positions)."""
        flops = 6 * (self._layer_weights * tokens + self._head_weights * targets)
        return {
            "tokens_per_second": round(tokens / seconds, 1),
            "target_tokens_per_second": round(targets / seconds, 1),
            "mfu": round(flops / seconds / self._peak, 4),
            "memory_gb": round(self._peak_memory() / 1e9, 2),
            "padding": round(1 - tokens / positions, 4),
        }

    def _peak_memory(self) -> int:
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        return peak_resident()


def peak_resident() -> int:
    """Peak resident set size of this process, in bytes.

    ``getrusage`` would start from the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _matmul_flops(dtype: torch.dtype, device: torch.device) -> float:
    """FLOP/s of a square matmul on one device, best of four."""
    size = 8192 if device.type == "cuda" else 1024
    # Random values: a product of constants needs less power, so that a GPU computes it at a higher clock rate.
    matrix = torch.randn(size, size, generator=torch.Generator(device).manual_seed(0), device=device).to(dtype)
    best = 0.0
    for _ in range(4):
        _synchronize(device)
        started = time.perf_counter()
        torch.mm(matrix, matrix)
        _synchronize(device)
        best = max(best, 2 * size**3 / (time.perf_counter() - started))
    return best


def _synchronize(device: torch.device) -> None:
    """Wait for what has been launched on a device; a CPU has computed it already."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
