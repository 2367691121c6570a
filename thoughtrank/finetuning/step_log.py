"""The measurements of every optimizer step."""

import json
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from tqdm import tqdm


class StepLog(pl.Callback):
    """Writes one JSON line per optimizer step, and shows a progress bar.

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
        self._losses: list[float] = []
        self._bar: tqdm | None = None

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Open the bar at the step training goes on from."""
        self._steps = trainer.global_step
        total = int(trainer.estimated_stepping_batches)
        self._bar = tqdm(
            total=total,
            initial=self._steps,
            desc=self.description,
            unit="step",
            mininterval=1.0,
            disable=not trainer.is_global_zero,
        )

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Record a step when one was made; its loss is the sum of all ranks' parts."""
        self._losses.append(float(trainer.callback_metrics["loss"]) * batch.share)
        if trainer.global_step == self._steps or self._bar is None:
            return
        self._steps = trainer.global_step
        part = torch.tensor(sum(self._losses), device=trainer.strategy.root_device)
        loss, self._losses = float(trainer.strategy.reduce(part, reduce_op="sum")), []
        self._bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        self._bar.update()
        if self._steps % self.every == 0 and trainer.is_global_zero:
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            with self.path.open("a") as file:
                file.write(json.dumps({"step": self._steps, "loss": loss, "lr": rate}) + "\n")

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
