"""Loggers: where the metrics of a run go besides its own folder (the config group ``logger``)."""

import csv
import hashlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from thoughtrank.errors import UserError
from thoughtrank.output.redaction import redacted
from thoughtrank.storage.files import replacing

if TYPE_CHECKING:
    import wandb


_LONGEST_ID = 100
_NOT_IN_ID = r"[/\\#?%:]"
"""Characters that W&B refuses in ids."""


class Logger(Protocol):
    """Receives the metrics of every round. Loggers inherit from it and override what they record.

    A logger decides no result, so the whole config group is operational.
    """

    def __init__(self) -> None:
        """No arguments, unless a logger has its own."""

    def faults(self) -> list[str]:
        """What the user has to fix before the run can start, one sentence each."""
        return []

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """Start, or resume, logging of a run.

        Args:
            run: its name.
            folder: its folder.
            config: the composed config as plain values, without secrets.
            sweep: name of the sweep it is a job of, if any.
        """

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """Log the scalars of one round; ``metrics["round"]`` is its number. Logging the same again changes nothing."""

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Log one row per prefix of one round."""

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """Log the training curve of one round, one row per step."""

    def log_findings(self, findings: Mapping[str, float | None]) -> None:
        """Log the thought effect and the accuracies of the controls, once the last round is finished."""

    def finish(self) -> None:
        """Flush and close."""


class NoLogger(Logger):
    """Logs nothing; the run folder has everything."""


class CsvLogger(Logger):
    """Tables in the run folder: ``metrics.csv``, ``prefixes.csv`` and ``training.csv`` with one row per round, prefix and step,
    and ``findings.csv`` with one row for the thought effect and the controls."""

    def __init__(self) -> None:
        self._folder = Path()
        self._rows: dict[str, list[dict[str, Any]]] = {"metrics": [], "prefixes": [], "training": [], "findings": []}

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

    def log_findings(self, findings: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        if findings:
            self._add("findings", [dict(findings)])

    def _add(self, name: str, rows: list[dict[str, Any]]) -> None:
        self._rows[name].extend(rows)
        columns = list(dict.fromkeys(key for row in self._rows[name] for key in row))
        with (
            replacing(self._folder / f"{name}.csv") as partial,
            partial.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self._rows[name])


class WandbLogger(Logger):
    """Weights & Biases. Runs offline, in the run folder, unless an account is logged in or WANDB_MODE is set.

    Args:
        project: the W&B project.
    """

    def __init__(self, *, project: str) -> None:
        self.project = project
        self._run: wandb.Run

    def faults(self) -> list[str]:
        """The package is missing."""
        from importlib.util import find_spec

        return [] if find_spec("wandb") else ["logger=wandb needs the package wandb: pip install wandb, or logger=none"]

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """See ``Logger``."""
        import wandb

        mode = os.environ.get("WANDB_MODE") or ("online" if wandb.login(prompt=False, verify=False) else "offline")
        settings = wandb.Settings(silent=True, console="off", save_code=False, disable_git=True, x_disable_stats=True)
        # W&B stores the command line.
        sys.argv[1:] = map(redacted, sys.argv[1:])
        try:
            self._run = wandb.init(
                project=self.project,
                name=run,
                group=sweep,
                id=run_id(run),
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

    def log_findings(self, findings: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        known = {f"findings/{name}": value for name, value in findings.items() if value is not None}
        if known:
            self._run.log(known)

    def finish(self) -> None:
        """See ``Logger``."""
        self._run.finish()


def run_id(run: str) -> str:
    """W&B's id of the run with this name, other for every name.

    It is the name itself where that can be an id; otherwise, as for ``study/mine``, its end and a hash of the whole.
    """
    if len(run) <= _LONGEST_ID and not re.search(_NOT_IN_ID, run):
        return run
    digest = hashlib.sha256(run.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{re.sub(_NOT_IN_ID, '-', run)[-80:]}-{digest}"
