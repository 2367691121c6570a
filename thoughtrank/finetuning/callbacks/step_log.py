"""The metrics file and the progress bar of a training."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from thoughtrank.finetuning.batching.batches import Batch
from thoughtrank.finetuning.callbacks.divergence import has_diverged, stop_diverged
from thoughtrank.finetuning.callbacks.throughput import StepWork, ThroughputMeter
from thoughtrank.finetuning.weight_formats import arithmetic_format
from thoughtrank.output.progress import Progress, progress_bar
from thoughtrank.storage.line_log import LineLog

if TYPE_CHECKING:
    from thoughtrank.finetuning.module import FineTuningModule


class _StepTotals(TypedDict):
    """Loss and work of a step, summed over ranks; see ``StepWork``."""

    loss: float
    examples: float
    tokens: float
    targets: float
    target_weight: float
    positions: float


class StepLog(pl.Callback):
    """Writes one JSON line per optimizer step, shows a progress bar, and ends a training that has diverged.

    It comes before callbacks that evaluate or save after a step: what these take is no part of its seconds.

    Args:
        path: the JSON-lines file, written by rank 0. After a resume, steps after the checkpoint are written again; the later
            line counts.
        every: optimizer steps between lines.
        description: text before the bar.
    """

    def __init__(self, *, path: Path, every: int, description: str) -> None:
        self.path = path
        self.every = every
        self.description = description
        self._steps = 0
        self._work = StepWork()
        self._started: float | None = None
        self._meter: ThroughputMeter | None = None
        self._bar: Progress | None = None
        self._lines: LineLog | None = None

    def on_train_start(self, trainer: pl.Trainer, module: "FineTuningModule") -> None:  # type: ignore[override]
        """Open the file, and the bar at the step that training resumes from."""
        self._steps = trainer.global_step
        if trainer.is_global_zero:
            self._lines = LineLog(self.path, read=json.loads)
        arithmetic = arithmetic_format(str(trainer.precision), weights=module.weights)
        self._meter = ThroughputMeter(
            model=module.causal_lm,
            dtype=torch.bfloat16 if arithmetic.startswith("bf16") else torch.float32,
            device=trainer.strategy.root_device,
            world_size=trainer.world_size,
        )
        self._bar = progress_bar(
            description=self.description,
            total=int(trainer.estimated_stepping_batches),
            done=self._steps,
            unit="step",
            shown=trainer.is_global_zero,
            columns=160,
        )
        self._work = StepWork()

    def on_train_batch_start(self, *_: object) -> None:
        """Start the clock at the first micro-batch of a step."""
        if self._started is None:
            self._started = time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        module: "FineTuningModule",  # type: ignore[override]
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Record a step after its last micro-batch."""
        self._work.add(batch)
        if trainer.global_step == self._steps or self._bar is None or self._meter is None or self._started is None:
            return
        self._steps = trainer.global_step
        row = self._row(trainer, module, self._meter, started=self._started)
        self._work, self._started = StepWork(), None
        self._bar.set_postfix_str(_postfix(row), refresh=False)
        self._bar.update()
        if self._steps % self.every == 0 and self._lines is not None:
            self._lines.append(json.dumps(row).encode())

    def _row(
        self, trainer: pl.Trainer, module: "FineTuningModule", meter: ThroughputMeter, *, started: float
    ) -> dict[str, float | None]:
        """The metrics of the step that has just been completed, over all ranks."""
        totals = _summed(self._work, trainer, loss=module.take_step_loss())
        seconds = time.perf_counter() - started
        norm = module.engine.gradient_norm
        self._stop_if_diverged(trainer, module, totals, gradient_norm=norm)
        rates = meter.rates(
            tokens=totals["tokens"], targets=totals["targets"], positions=totals["positions"], seconds=seconds
        )
        return {
            "step": self._steps,
            "loss": totals["loss"],
            "lr": trainer.optimizers[0].param_groups[0]["lr"],
            "gradient_norm": norm,
            "examples": int(totals["examples"]),
            "seconds": round(seconds, 4),
            **rates,
        }

    def _stop_if_diverged(
        self, trainer: pl.Trainer, module: "FineTuningModule", totals: _StepTotals, *, gradient_norm: float | None
    ) -> None:
        # The targets of one step may weigh more than those of another: that is no part of how bad the model is.
        loss = totals["loss"] * totals["targets"] / totals["target_weight"]
        vocabulary = module.causal_lm.config.get_text_config().vocab_size
        if has_diverged(loss=loss, gradient_norm=gradient_norm, vocabulary=vocabulary):
            stop_diverged(
                self.path.parent,
                step=self._steps,
                loss=loss,
                gradient_norm=gradient_norm,
                question_ids=_of_all_ranks(self._work.question_ids, trainer),
                write=trainer.is_global_zero,
            )

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Close bar and file."""
        if self._bar is not None:
            self._bar.close()
        if self._lines is not None:
            self._lines.close()


def _postfix(row: dict[str, float | None]) -> str:
    """The text after the bar."""
    norm = "" if row["gradient_norm"] is None else f"norm {row['gradient_norm']:.2f}, "
    return (
        f"loss {row['loss']:.3f}, lr {row['lr']:.1e}, {norm}{row['tokens_per_second']:.0f} tokens/s, mfu {row['mfu']:.0%}, "
        f"{row['memory_gb']:.1f} GB, padding {row['padding']:.0%}, batch {row['examples']}"
    )


def _summed(work: StepWork, trainer: pl.Trainer, *, loss: float) -> _StepTotals:
    device = trainer.strategy.root_device
    parts = torch.tensor(
        [loss, work.examples, work.tokens, work.targets, work.target_weight, work.positions],
        dtype=torch.float64 if device.type != "mps" else torch.float32,
        device=device,
    )
    summed = cast("Tensor", trainer.strategy.reduce(parts, reduce_op="sum"))
    loss, examples, tokens, targets, target_weight, positions = summed.tolist()
    return {
        "loss": loss,
        "examples": examples,
        "tokens": tokens,
        "targets": targets,
        "target_weight": target_weight,
        "positions": positions,
    }


def _of_all_ranks(question_ids: list[str], trainer: pl.Trainer) -> list[str]:
    if trainer.world_size == 1:
        return sorted(set(question_ids))
    gathered: list[list[str]] = [[] for _ in range(trainer.world_size)]
    torch.distributed.all_gather_object(gathered, question_ids)
    return sorted({question_id for part in gathered for question_id in part})
