"""The measurements of every optimizer step."""

import json
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from thoughtrank.finetuning.callbacks.throughput import StepMeter, StepWork, stop_diverged
from thoughtrank.progress import progress_bar


class StepLog(pl.Callback):
    """Writes one JSON line per optimizer step, shows a progress bar, and stops a training that has gone wrong.

    Args:
        path: the JSON-lines file; steps behind the checkpoint training resumes from are written again, the later line
            counts.
        every: optimizer steps between lines.
        description: text before the bar.
    """

    def __init__(self, *, path: Path, every: int, description: str) -> None:
        self.path = path
        self.every = every
        self.description = description
        self._steps = 0
        self._work = StepWork.begin()
        self._meter: StepMeter | None = None
        self._bar: Any = None

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Open the bar at the step training goes on from."""
        self._steps = trainer.global_step
        self._meter = StepMeter(
            model=module.model,
            dtype=_arithmetic(trainer, module),
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
        self._work = StepWork.begin()

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Record a step when one was made."""
        self._work.add(batch, loss=float(trainer.callback_metrics["loss"]))
        if trainer.global_step == self._steps or self._bar is None or self._meter is None:
            return
        self._steps = trainer.global_step
        row = self._row(trainer, module, self._meter)
        self._work = StepWork.begin()
        self._bar.set_postfix_str(_figures(row), refresh=False)
        self._bar.update()
        if self._steps % self.every == 0 and trainer.is_global_zero:
            with self.path.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def _row(self, trainer: pl.Trainer, module: pl.LightningModule, meter: StepMeter) -> dict[str, Any]:
        """The figures of the step just made, over all ranks."""
        work = self._work
        parts = torch.tensor(
            [work.loss, work.examples, work.tokens, work.targets, work.places],
            dtype=torch.float64 if trainer.strategy.root_device.type != "mps" else torch.float32,
            device=trainer.strategy.root_device,
        )
        summed: Any = trainer.strategy.reduce(parts, reduce_op="sum")
        loss, examples, tokens, targets, places = summed.tolist()
        seconds = time.perf_counter() - work.started
        norm = _gradient_norm(trainer, module)
        if meter.diverged(loss=loss, gradient_norm=norm):
            stop_diverged(
                self.path.parent,
                step=self._steps,
                loss=loss,
                gradient_norm=norm,
                question_ids=_of_all_ranks(work.question_ids, trainer),
                write=trainer.is_global_zero,
            )
        return {
            "step": self._steps,
            "loss": loss,
            "lr": trainer.optimizers[0].param_groups[0]["lr"],
            "gradient_norm": norm,
            "examples": int(examples),
            "seconds": round(seconds, 4),
            **meter.figures(tokens=tokens, targets=targets, places=places, seconds=seconds),
        }

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()


def _figures(row: dict[str, Any]) -> str:
    """What stands behind the bar."""
    norm = "" if row["gradient_norm"] is None else f"norm {row['gradient_norm']:.2f}, "
    return (
        f"loss {row['loss']:.3f}, lr {row['lr']:.1e}, {norm}{row['tokens_per_second']:.0f} tokens/s, mfu {row['mfu']:.0%}, "
        f"{row['memory_gb']:.1f} GB, padding {row['padding']:.0%}, batch {row['examples']}"
    )


def _arithmetic(trainer: pl.Trainer, module: Any) -> torch.dtype:
    """The number format of the matrix products; bf16 weights compute in what they are."""
    in_bf16 = "bf16" in str(trainer.precision) or module.weights != "fp32_master"
    return torch.bfloat16 if in_bf16 else torch.float32


def _gradient_norm(trainer: pl.Trainer, module: Any) -> float | None:
    """Before clipping; None where the strategy does not tell."""
    engine = getattr(trainer.strategy, "deepspeed_engine", None)
    norm = module.gradient_norm if engine is None else engine.get_global_grad_norm()
    return None if norm is None else float(norm)


def _of_all_ranks(question_ids: list[str], trainer: pl.Trainer) -> list[str]:
    if trainer.world_size == 1:
        return sorted(set(question_ids))
    gathered: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(gathered, question_ids)
    return sorted({question_id for part in gathered for question_id in part})
