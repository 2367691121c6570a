"""A sweep (Hydra multirun): what became of each of its jobs, and the table that compares them.

A job may run in another process, or on another machine, and a launcher returns nothing after an error. So every job writes a
small file into the sweep's folder, and the process that started the sweep reads them all at its end.
"""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from thoughtrank.output.redaction import redacted
from thoughtrank.report.results_table import fixed_width, metric_cells
from thoughtrank.storage.files import replacing, write_text
from thoughtrank.storage.json_files import read_json_object, write_json

_FOLDER = "hydra.sweep.dir"
Outcome = Literal["finished", "stopped", "failed"]
"""``stopped``: as ``stop_after`` asked."""


@dataclass(frozen=True, slots=True)
class SweepJob:
    """One job of a sweep.

    Attributes:
        number: its index in the sweep, from 0.
        overrides: what was typed for this job, one ``key=value`` each.
        run: the name of its run; empty where the config was too broken to have one.
        outcome: how it ended.
        error: the first line of what went wrong, or None.
        log: the file with the whole error, or None.
        summary: its ``summary.json``, or None where it did not finish.
    """

    number: int
    overrides: tuple[str, ...]
    run: str
    outcome: Outcome
    error: str | None = None
    log: str | None = None
    summary: str | None = None


def sweep_arguments(arguments: Sequence[str]) -> list[str]:
    """What has to be typed as well so that the sweep has a folder of its own; nothing where this is no sweep.

    The folder is named by the command, so that the same sweep, started again, is the same sweep.
    """
    is_sweep = any(each in ("-m", "--multirun", "hydra.mode=MULTIRUN") for each in arguments)
    if not is_sweep or any(each.startswith(f"{_FOLDER}=") for each in arguments):
        return []
    digest = hashlib.sha256(json.dumps(sorted(arguments)).encode()).hexdigest()
    return [f"{_FOLDER}=multirun/{digest[:8]}"]


def sweep_folder(arguments: Sequence[str]) -> Path | None:
    """The folder named in the arguments of a sweep; None where there is none."""
    named = [each.partition("=")[2] for each in arguments if each.startswith(f"{_FOLDER}=")]
    return Path(named[-1]) if named else None


def begin_sweep(folder: Path) -> None:
    """Delete the job files of an earlier attempt at this sweep; the runs themselves stay."""
    for path in folder.glob("job_*.json"):
        path.unlink()


def record_job(folder: Path, job: SweepJob) -> None:
    """Write a job's outcome into the sweep's folder, without secrets."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = replace(
        job,
        overrides=tuple(map(redacted, job.overrides)),
        error=None if job.error is None else redacted(job.error),
    )
    write_json(folder / f"job_{job.number:04d}.json", asdict(shown))


def redact_sweep_config(folder: Path) -> None:
    """Remove secrets from the config that Hydra writes into the sweep's folder."""
    path = folder / "multirun.yaml"
    if path.exists() and (text := path.read_text(encoding="utf-8")) != (shown := redacted(text)):
        write_text(path, shown)


def read_jobs(folder: Path) -> list[SweepJob]:
    """Every job that ended, in the order of their numbers. One whose file is damaged counts as failed."""
    return [_read_job(path, number=number) for number, path in enumerate(sorted(folder.glob("job_*.json")))]


def _read_job(path: Path, *, number: int) -> SweepJob:
    row = read_json_object(path) or {}
    try:
        return SweepJob(**{**row, "overrides": tuple(row["overrides"])})
    except (KeyError, TypeError):
        error = f"{path} is damaged: start the sweep again, which only looks at what is finished"
        return SweepJob(number=number, overrides=(), run="", outcome="failed", error=error)


def comparison(jobs: Sequence[SweepJob]) -> list[dict[str, Any]]:
    """One row per job: what it varied, the figures of its exported round, examples and judge's cost of all rounds."""
    return [
        {
            "job": job.number,
            **{key: value for key, _, value in (each.partition("=") for each in _varied(job, jobs))},
            "run": job.run,
            "outcome": job.outcome,
            **_figures(job),
            "error": job.error,
        }
        for job in jobs
    ]


def comparison_text(jobs: Sequence[SweepJob]) -> str:
    """The closing table of a sweep, and under it the jobs that failed with their reasons."""
    header = ["job", "varied", "accuracy", "direct", "unseen families", "thoughts", "examples", "judge", "run"]
    rows = [header]
    for job in jobs:
        entry = _exported(job)
        figures = [job.outcome, *[""] * 5] if entry is None else [*metric_cells(entry), f"${entry['judge_cost']:.2f}"]
        rows.append([str(job.number), " ".join(_varied(job, jobs)) or "–", *figures, job.run])
    failed = [job for job in jobs if job.outcome == "failed"]
    lines = [fixed_width(rows)]
    lines += [f"job {job.number} failed: {job.error}" + (f" (see {job.log})" if job.log else "") for job in failed]
    return "\n".join(lines)


def write_comparison(folder: Path, jobs: Sequence[SweepJob]) -> Path:
    """The comparison as ``comparison.csv`` in the sweep's folder; returns the file."""
    rows = comparison(jobs)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    path = folder / "comparison.csv"
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _varied(job: SweepJob, jobs: Sequence[SweepJob]) -> list[str]:
    """The overrides that not all jobs have."""
    return [each for each in job.overrides if not all(each in other.overrides for other in jobs)]


def _exported(job: SweepJob) -> Mapping[str, Any] | None:
    """The figures of the round the job exported, with the examples and the judge's cost of all its rounds."""
    summary = None if job.summary is None else read_json_object(Path(job.summary))
    if summary is None:
        return None
    sums = {name: sum(entry[name] for entry in summary["rounds"]) for name in ("examples", "judge_cost")}
    return {**summary["rounds"][summary["exported_round"]], **sums}


def _figures(job: SweepJob) -> dict[str, Any]:
    entry = _exported(job)
    if entry is None:
        return {}
    names = ("accuracy", "direct_accuracy", "unseen_accuracy", "thought_rate", "examples", "judge_cost")
    return {"exported_round": entry["round"], **{name: entry[name] for name in names}}
