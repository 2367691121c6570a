"""Weights & Biases as a logger (`logger=wandb`): metrics, histograms, tables, and summary values that sort a sweep."""

import math
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thoughtrank.errors import UserError
from thoughtrank.output.redaction import redacted
from thoughtrank.report.html.round_candidates import Reported
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.loggers import Logger, StageOutput
from thoughtrank.report.wandb_artifacts import log_output
from thoughtrank.report.wandb_settings import (
    display_name,
    environment_faults,
    folder_variables,
    mode_text,
    project_faults,
    run_id,
)
from thoughtrank.storage.full_disk import is_full_disk
from thoughtrank.storage.judge_costs import total_of

if TYPE_CHECKING:
    import wandb

_MOST_BINS = 64
CANDIDATE_COLUMNS = ("question_id", "prefix", "rank", "gain", "outcome", "thought", "answer")
SUMMARY = (
    *("accuracy", "development_accuracy", "accuracy_change", "judge_cost"),
    *("thought_effect", "thought_effect_low", "thought_effect_high"),
)
"""Summary values, in the unit of the metrics: fractions, US dollars, percentage points."""


class WandbLogger(Logger):
    """Weights & Biases. Runs offline, in the run folder, unless an account is logged in or WANDB_MODE is set.

    Args:
        project: the W&B project.
        candidate_rows: most rows of the table of candidates of a round; 0 for none.
        artifacts: whether the tables and the model of every round are artifacts.
        upload_weights: whether the weights of the models are uploaded; otherwise their artifacts refer to the run folder.
    """

    def __init__(
        self, *, project: str, candidate_rows: int = 1000, artifacts: bool = True, upload_weights: bool = False
    ) -> None:
        self.project = project
        self.candidate_rows = candidate_rows
        self.artifacts = artifacts
        self.upload_weights = upload_weights
        self._run: wandb.Run
        self._steps = 0.0
        self._rounds: dict[float, Mapping[str, float | None]] = {}

    def faults(self) -> list[str]:
        """The package is missing, a setting is out of range, or W&B would refuse a name or a variable of the environment."""
        from importlib.util import find_spec

        if find_spec("wandb") is None:
            faults = ["logger=wandb needs the package wandb: pip install wandb, or logger=none"]
        else:
            faults = [*project_faults(self.project), *environment_faults(os.environ)]
        if self.candidate_rows < 0:
            faults.append(f"logger.wandb.candidate_rows={self.candidate_rows}: choose 0 or more")
        if self.upload_weights and not self.artifacts:
            faults.append(
                "logger.wandb.upload_weights=true needs logger.wandb.artifacts=true: weights are files of artifacts"
            )
        return faults

    def plan_text(self) -> str:
        """See ``Logger``."""
        return f"W&B project {self.project}, {mode_text(os.environ)}"

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """See ``Logger``. A job of ``wandb sweep`` gets its id from the agent."""
        import wandb

        # W&B stores the command line.
        sys.argv[1:] = map(redacted, sys.argv[1:])
        os.environ.update(folder_variables(os.environ, folder=folder / "wandb"))
        try:
            self._run = self._started(run=run, folder=folder, config=config, sweep=sweep)
        except wandb.errors.AuthenticationError as error:
            raise UserError(
                f"logger=wandb: the account cannot be used ({_one_line(error)}): log in with 'wandb login', or set "
                "WANDB_API_KEY, WANDB_MODE=offline or logger=none"
            ) from None
        except wandb.errors.CommError as error:
            raise UserError(
                f"logger=wandb cannot reach its server ({_one_line(error)}): set WANDB_MODE=offline, or logger=none"
            ) from None
        except (wandb.errors.Error, ValueError, OSError) as error:
            if is_full_disk(error):
                raise
            raise UserError(
                f"logger=wandb cannot start ({_one_line(error)}): correct that, or set logger=none"
            ) from error
        for prefix in ("round", "training"):
            self._run.define_metric(f"{prefix}/*", step_metric=f"{prefix}/{'number' if prefix == 'round' else 'step'}")

    def _started(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> "wandb.Run":
        import wandb

        mode = os.environ.get("WANDB_MODE") or ("online" if wandb.login(prompt=False, verify=False) else "offline")
        of_agent = bool(os.environ.get("WANDB_SWEEP_ID"))
        return wandb.init(
            project=self.project,
            name=display_name(run),
            group=sweep and run_id(sweep),
            job_type="train",
            id=None if of_agent else run_id(run),
            resume="allow" if mode == "online" and not of_agent else None,
            dir=folder,
            config=dict(config),
            mode=mode,  # type: ignore[arg-type]
            settings=wandb.Settings(
                silent=True, console="off", save_code=False, disable_git=True, x_disable_stats=True
            ),
        )

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        known = {f"round/{name}": value for name, value in metrics.items() if value is not None and name != "round"}
        self._run.log({"round/number": metrics["round"], **known})
        self._rounds[metrics["round"] or 0] = metrics
        self._run.summary.update(_summary(self._rounds))

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Logger``."""
        import wandb

        table = wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])
        self._run.log({f"prefixes/round_{round_number}": table})

    def log_candidates(self, round_number: int, questions: Iterable[Sequence[Reported]]) -> None:
        """See ``Logger``: ranks, gains and thought lengths as histograms, and a table of the first candidates."""
        import wandb

        statistics = RoundStatistics(round_number)
        rows: list[list[Any]] = []
        for group in questions:
            statistics.add(group)
            rows += [_candidate_row(each) for each in islice(group, self.candidate_rows - len(rows))]
        counted = {"ranks": statistics.ranks, "gains": statistics.gains, "thought_lengths": statistics.lengths}
        histograms = {
            f"round/{name}": wandb.Histogram(np_histogram=_histogram(counts))
            for name, counts in counted.items()
            if counts
        }
        if histograms:
            self._run.log({"round/number": round_number, **histograms})
        if rows:
            self._run.log({f"candidates/round_{round_number}": wandb.Table(columns=list(CANDIDATE_COLUMNS), data=rows)})

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """See ``Logger``. The steps of all rounds are one axis; ``training/round`` tells them apart."""
        for row in rows:
            values = {f"training/{name}": value for name, value in row.items() if name != "step"}
            self._run.log({"training/step": self._steps + row["step"], "training/round": round_number, **values})
        if rows:
            self._steps += rows[-1]["step"]

    def log_outputs(self, outputs: Sequence[StageOutput]) -> None:
        """See ``Logger``: artifacts, unless W&B is disabled."""
        if self.artifacts and not self._run.disabled:
            for output in outputs:
                log_output(self._run, output, upload_weights=self.upload_weights)

    def log_findings(self, findings: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        known = {f"findings/{name}": value for name, value in findings.items() if value is not None}
        if known:
            self._run.log(known)
        names = (("", "_points"), ("_low", "_low"), ("_high", "_high"))
        effect = {f"thought_effect{short}": findings.get(f"thought_effect{long}") for short, long in names}
        self._run.summary.update({name: value for name, value in effect.items() if value is not None})

    def finish(self) -> None:
        """See ``Logger``."""
        self._run.finish()


def _summary(rounds: Mapping[float, Mapping[str, float | None]]) -> dict[str, float]:
    """What sorts the runs of a sweep: accuracy of the last round, also on development questions, its change since round 0, and
    what the judge cost."""
    accuracy, before = rounds[max(rounds)].get("accuracy"), rounds.get(0, {}).get("accuracy")
    cost = total_of(metrics.get("judge_cost", 0.0) for metrics in rounds.values())
    found = {} if cost is None else {"judge_cost": cost}
    if accuracy is not None:
        found["accuracy"] = accuracy
    if (development := rounds[max(rounds)].get("development_accuracy")) is not None:
        found["development_accuracy"] = development
    if accuracy is not None and before is not None:
        found["accuracy_change"] = accuracy - before
    return found


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _candidate_row(each: Reported) -> list[Any]:
    candidate = each.candidate
    gain = None if each.gain is None or not math.isfinite(each.gain) else each.gain
    known = [candidate.question_id, candidate.prefix, each.rank, gain, each.outcome]
    return [*known, candidate.thought, candidate.answer]


def _histogram(counts: Counter[float]) -> Any:
    """Counts and bin edges, as numpy makes them."""
    import numpy as np

    bins = min(_MOST_BINS, max(len(counts), 1))
    return np.histogram(list(counts), bins=bins, weights=list(counts.values()))
