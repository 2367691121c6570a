"""What a training step costs, and when a training has gone wrong."""

import json
import math
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.batches import Batch
from thoughtrank.finetuning.distributed.sharded_parameters import full_shape

BAD_STEP = "_bad_step.json"
_WORST = 2.0  # a loss that many times as large as that of guessing among all tokens is no training any more


@dataclass(slots=True)
class StepWork:
    """What one rank did in one optimizer step.

    Attributes:
        loss: sum of its micro-batches' losses, each by its share.
        examples: trained on.
        tokens: computed by the model.
        targets: tokens predicted.
        places: tokens and padding.
        question_ids: of the examples.
        started: when it began, in seconds of ``time.perf_counter``.
    """

    loss: float
    examples: int
    tokens: int
    targets: int
    places: int
    question_ids: list[str]
    started: float

    @classmethod
    def begin(cls) -> "StepWork":
        """Nothing yet, from now."""
        return cls(0.0, 0, 0, 0, 0, [], time.perf_counter())

    def add(self, batch: Batch, *, loss: float) -> None:
        """Count a micro-batch; one with a share of 0 only keeps other ranks company."""
        if not batch.loss_weight:
            return
        self.loss += loss * batch.loss_weight
        self.examples += len(batch.question_ids)
        self.tokens += batch.num_tokens
        self.targets += len(batch.target_ids)
        self.places += batch.token_ids.numel()
        self.question_ids.extend(batch.question_ids)


class StepMeter:
    """Turns the work of a step, summed over ranks, into figures.

    Model FLOPs are 6 for each weight of the layers and token, and 6 for each weight of the output layer and target
    (arXiv 2204.02311, appendix B, without attention). Their peak is measured once, by a product of two square matrices.

    Args:
        model: the causal LM.
        dtype: of the arithmetic.
        device: where it runs.
        world_size: number of ranks.
    """

    def __init__(self, *, model: Any, dtype: torch.dtype, device: torch.device, world_size: int) -> None:
        head = model.get_output_embeddings()
        self._head = getattr(head, "out_features", 0) * getattr(head, "in_features", 0)
        inputs = {id(parameter) for parameter in model.get_input_embeddings().parameters()}
        outputs = {id(parameter) for parameter in head.parameters()}
        self._layers = sum(
            math.prod(full_shape(parameter))
            for parameter in model.parameters()
            if id(parameter) not in inputs | outputs
        )
        self._device = device
        self._peak = world_size * _matmul_flops(dtype, device)
        self._guessing = math.log(max(2, getattr(head, "out_features", 2)))

    def figures(self, *, tokens: float, targets: float, places: float, seconds: float) -> dict[str, float]:
        """Rates per second, ``mfu`` (of 1), ``memory_gb`` (peak so far), and ``padding`` (share of places)."""
        flops = 6 * (self._layers * tokens + self._head * targets)
        return {
            "tokens_per_second": round(tokens / seconds, 1),
            "target_tokens_per_second": round(targets / seconds, 1),
            "mfu": round(flops / seconds / self._peak, 4),
            "memory_gb": round(self._memory() / 1e9, 2),
            "padding": round(1 - tokens / places, 4),
        }

    def diverged(self, *, loss: float, gradient_norm: float | None) -> bool:
        """Whether going on makes no sense."""
        finite = math.isfinite(loss) and (gradient_norm is None or math.isfinite(gradient_norm))
        return not finite or loss > _WORST * self._guessing

    def _memory(self) -> float:
        if self._device.type == "cuda":
            return float(torch.cuda.max_memory_allocated(self._device))
        return float(peak_resident())


def peak_resident() -> int:
    """Most bytes this process has had in main memory.

    What ``getrusage`` says begins with the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def stop_diverged(
    folder: Path, *, step: int, loss: float, gradient_norm: float | None, question_ids: list[str], write: bool
) -> None:
    """Save what was in the step that went wrong, and end the training.

    Raises:
        UserError: always.
    """
    path = folder / BAD_STEP
    if write:
        facts = {"step": step, "loss": str(loss), "gradient_norm": str(gradient_norm), "question_ids": question_ids}
        path.write_text(json.dumps(facts, indent=2) + "\n")
    norm = "" if gradient_norm is None else f", gradient norm {gradient_norm:.3g}"
    raise UserError(
        f"training went wrong in step {step}: loss {loss:.3g}{norm}. The ids of its questions stand in {path}. Lower "
        "optimizer.lr, set training.precision=32-true, or remove what is odd in these questions"
    )


def _matmul_flops(dtype: torch.dtype, device: torch.device) -> float:
    """FLOP/s of a square matrix product on one device, best of four."""
    size = 8192 if device.type == "cuda" else 1024
    one = torch.ones(size, size, dtype=dtype, device=device)
    best = 0.0
    for _ in range(4):
        _wait(device)
        started = time.perf_counter()
        torch.mm(one, one)
        _wait(device)
        best = max(best, 2 * size**3 / (time.perf_counter() - started))
    return best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
