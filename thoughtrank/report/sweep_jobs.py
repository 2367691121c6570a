"""A sweep (Hydra multirun): what became of each of its jobs.

A job may run in another process, or on another machine, and a launcher returns nothing after an error. So every job writes a
small file into the sweep's folder, and the process that started the sweep reads them all at its end.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from thoughtrank.output.redaction import redacted
from thoughtrank.storage.files import write_text
from thoughtrank.storage.json_files import read_json_object, write_json

SEED = "seed="
"""How the override of a job's seed begins."""

_FOLDER = "hydra.sweep.dir"
NO_FOLDER = Path("multirun")
"""The parent of the folders of sweeps, where neither the command line nor a config names one."""
Outcome = Literal["finished", "stopped", "planned", "failed"]
"""``stopped``: as ``stop_after`` asked; ``planned``: as ``dry_run`` asked."""


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

    def redacted(self) -> "SweepJob":
        """The same without secrets, as it is recorded."""
        return replace(
            self,
            overrides=tuple(map(redacted, self.overrides)),
            error=None if self.error is None else redacted(self.error),
        )

    def results(self) -> dict[str, Any] | None:
        """The contents of its summary; None where it has none that can be read."""
        return None if self.summary is None else read_json_object(Path(self.summary))


def sweep_arguments(arguments: Sequence[str]) -> list[str]:
    """What has to be typed as well so that the sweep has a folder of its own; nothing where this is no sweep.

    The folder is named by the command, so that the same sweep, started again, is the same sweep.
    """
    is_sweep = any(each in ("-m", "--multirun", "hydra.mode=MULTIRUN") for each in arguments)
    if not is_sweep or any(each.startswith(f"{_FOLDER}=") for each in arguments):
        return []
    digest = hashlib.sha256(json.dumps(sorted(arguments)).encode()).hexdigest()
    return [f"{_FOLDER}={NO_FOLDER}/{digest[:8]}"]


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
    write_json(folder / f"job_{job.number:04d}.json", asdict(job.redacted()))


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
        error = f"{path} is damaged: start the sweep again; it only reads what is finished"
        return SweepJob(number=number, overrides=(), run="", outcome="failed", error=error)


def same_run_fault(job: SweepJob, jobs: Sequence[SweepJob], *, operational: frozenset[str]) -> str | None:
    """Why a job cannot have its run: an earlier one of the sweep has it, with other settings. None where none has.

    Args:
        job: that is planned.
        jobs: of the sweep that have ended; with a launcher that plans at the same time, an earlier one may be missing.
        operational: keys, and groups, that may change between attempts at one run.
    """
    for other in jobs:
        of_other, of_job = (
            [each for each in one.overrides if each not in two.overrides and not _names(each) & operational]
            for one, two in ((other, job), (job, other))
        )
        elsewhere = any(_key(each) == "runs_dir" for each in (*of_other, *of_job))
        if other.number < job.number and other.run == job.run and (of_other or of_job) and not elsewhere:
            name = _key([*of_job, *of_other][0])
            return (
                f"jobs {other.number} and {job.number} are both the run {job.run}, with different settings "
                f"({' '.join(of_other)}; {' '.join(of_job)}): leave run= out, or let it depend on what is swept over, such as "
                f"run={job.run}-${{{name}}}"
            )
    return None


def _names(override: str) -> set[str]:
    """Its key, and the group that this is in."""
    key = _key(override)
    return {key, key.partition(".")[0]}


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")


def varied(job: SweepJob, jobs: Sequence[SweepJob]) -> list[str]:
    """The overrides that not all jobs have."""
    return [each for each in job.overrides if not all(each in other.overrides for other in jobs)]


def settings_of(job: SweepJob, jobs: Sequence[SweepJob]) -> tuple[str, ...]:
    """The same without the seed: jobs that have these in common are one setting."""
    return tuple(each for each in varied(job, jobs) if not each.startswith(SEED))
