"""The runs that a study keeps: one ``summary.json`` for each setting and seed, copied from the run folders."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from thoughtrank.errors import UserError
from thoughtrank.report.sweep_jobs import SweepJob
from thoughtrank.report.sweep_seeds import SeedGroup
from thoughtrank.storage.files import copy_file
from thoughtrank.storage.json_files import read_json_object
from thoughtrank.storage.run_paths import RunPaths

_NAME = re.compile(r"(?P<setting>.+)-seed(?P<seed>\d+)")
"""Of the folder of a run, as the configs of studies name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRun:
    """One finished run of a study.

    Attributes:
        folder: with its ``summary.json``: in the study, or the run folder.
        setting: its name, that of a file in ``settings``.
        seed: as it is written in the name of the run.
        summary: the contents of ``summary.json``.
    """

    folder: Path
    setting: str
    seed: str
    summary: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of the run."""
        return self.folder.name

    @property
    def rounds(self) -> Sequence[Mapping[str, Any]]:
        """The entries of its summary, round 0 first."""
        rounds: Sequence[Mapping[str, Any]] = self.summary["rounds"]
        return rounds


def collect(runs: Path, study: Path) -> list[StudyRun]:
    """Copy the summaries of the finished runs into the study; those of runs that are not there stay as they are.

    Args:
        runs: the folder of the run folders; it need not exist.
        study: the folder of the study.

    Returns:
        The finished runs, in their run folders.
    """
    found = read_runs(runs)
    for run in found:
        kept = study / run.name / RunPaths(run.folder).summary.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        copy_file(RunPaths(run.folder).summary, kept)
    return found


def read_runs(folder: Path) -> list[StudyRun]:
    """The finished runs below a folder, by name and then by seed."""
    found = []
    for path in sorted(folder.glob("*/summary.json")):
        match, summary = _NAME.fullmatch(path.parent.name), read_json_object(path)
        if match is not None and summary is not None and summary.get("rounds"):
            found.append(StudyRun(folder=path.parent, setting=match["setting"], seed=match["seed"], summary=summary))
    return sorted(found, key=lambda run: (run.setting, int(run.seed)))


def by_setting(runs: Sequence[StudyRun], *, order: Sequence[str]) -> dict[str, list[StudyRun]]:
    """The runs of each setting in the order of their seeds: settings in ``order`` first, then the others by name."""
    names = dict.fromkeys([*order, *(run.setting for run in runs)])
    groups = {name: [run for run in runs if run.setting == name] for name in names}
    return {name: group for name, group in groups.items() if group}


def settings_of(study: Path) -> list[str]:
    """The settings that the config of a study sweeps over, in its order; the first is what the others are compared with.

    Raises:
        UserError: there is no such folder, or it has no config that sweeps.
    """
    if not study.is_dir():
        raise UserError(f"{study}: no such folder")
    path = study / "config.yaml"
    try:
        swept = yaml.safe_load(path.read_text(encoding="utf-8"))["hydra"]["sweeper"]["params"]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise UserError(f"{path}: no config of a study of several runs (hydra.sweeper.params)") from error
    names = str(swept.get(f"{study.resolve().name}/settings", "")).split(",")
    return [name.strip() for name in names if name.strip()]


def seed_group(setting: str, runs: Sequence[StudyRun]) -> SeedGroup:
    """The runs of one setting, for figures of their last rounds over their seeds."""
    jobs = [
        (
            SweepJob(
                number=number,
                overrides=(),
                run=run.name,
                outcome="finished",
                summary=str(RunPaths(run.folder).summary),
            ),
            # Figures over seeds are those of the exported round, which may be an earlier one (export.which=best).
            {**run.summary, "exported_round": len(run.rounds) - 1},
        )
        for number, run in enumerate(runs)
    ]
    return SeedGroup(settings=(setting,), seeds=tuple(run.seed for run in runs), jobs=tuple(jobs))
