"""Where the figures of a run go besides its own folder (the config group ``logger``)."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from thoughtrank.errors import UserError


class Logger(Protocol):
    """Takes the figures of every round, as they appear."""

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """Begin, or go on with, the run called ``run``; ``sweep`` names the sweep it is a job of."""

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """The scalars of one round; ``metrics["round"]`` says which. Saying the same again changes nothing."""

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """How each prefix did in one round."""

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """The training curve of one round."""

    def finish(self) -> None:
        """Say that nothing more comes."""


class NoLogger:
    """Logs nowhere; the run folder has everything."""

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """See ``Logger``."""

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """See ``Logger``."""

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Logger``."""

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """See ``Logger``."""

    def finish(self) -> None:
        """See ``Logger``."""


class CsvLogger:
    """``metrics.csv``, ``prefixes.csv`` and ``training.csv`` in the run folder, one row per round, prefix and step."""

    def __init__(self) -> None:
        self._folder = Path()
        self._rows: dict[str, list[dict[str, Any]]] = {"metrics": [], "prefixes": [], "training": []}

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """See ``Logger``."""
        self._folder = folder

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        self._add("metrics", [dict(metrics)])

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Logger``."""
        self._add("prefixes", [{"round": round_number, **row} for row in rows])

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """See ``Logger``."""
        self._add("training", [{"round": round_number, **row} for row in rows])

    def finish(self) -> None:
        """See ``Logger``."""

    def _add(self, name: str, rows: list[dict[str, Any]]) -> None:
        self._rows[name].extend(rows)
        columns = list(dict.fromkeys(key for row in self._rows[name] for key in row))
        partial = self._folder / f"{name}.csv.partial"
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self._rows[name])
        partial.replace(self._folder / f"{name}.csv")


class WandbLogger:
    """Weights & Biases. Runs offline, in the run folder, unless an account is logged in or WANDB_MODE says otherwise.

    Args:
        project: the W&B project.
    """

    def __init__(self, *, project: str) -> None:
        self.project = project
        self._run: Any = None

    def faults(self) -> list[str]:
        """What a user has to put right: the package is missing."""
        from importlib.util import find_spec

        return [] if find_spec("wandb") else ["logger=wandb needs the package wandb: pip install wandb, or logger=none"]

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """See ``Logger``."""
        import wandb

        mode = os.environ.get("WANDB_MODE") or ("online" if wandb.login(prompt=False, verify=False) else "offline")
        settings = wandb.Settings(silent=True, console="off", save_code=False, disable_git=True, x_disable_stats=True)
        try:
            self._run = wandb.init(
                project=self.project,
                name=run,
                group=sweep,
                id=run[-100:],
                resume="allow" if mode == "online" else None,
                dir=folder,
                config=dict(config),
                mode=mode,  # type: ignore[arg-type]
                settings=settings,
            )
        except wandb.errors.CommError as error:
            raise UserError(
                f"logger=wandb cannot reach its server ({error}): set WANDB_MODE=offline, or logger=none"
            ) from None
        for prefix in ("round", "training"):
            self._run.define_metric(f"{prefix}/*", step_metric=f"{prefix}/{'number' if prefix == 'round' else 'step'}")

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        known = {f"round/{name}": value for name, value in metrics.items() if value is not None and name != "round"}
        self._run.log({"round/number": metrics["round"], **known})

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Logger``."""
        import wandb

        table = wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])
        self._run.log({f"prefixes/round_{round_number}": table})

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """See ``Logger``."""
        for row in rows:
            values = {f"training/round_{round_number}/{name}": value for name, value in row.items() if name != "step"}
            self._run.log({"training/step": row["step"], **values})

    def finish(self) -> None:
        """See ``Logger``."""
        if self._run is not None:
            self._run.finish()
