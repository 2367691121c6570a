"""What only the replies of all runs show: each setting beside the first one, and thought effects over seeds.

A study keeps no replies, so this is computed while the run folders are there, and kept as ``comparison.json``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from thoughtrank.evaluation.paired import Outcomes, holm, paired_difference_over_seeds
from thoughtrank.report.findings import readings
from thoughtrank.report.study.kept_runs import StudyRun, seed_group
from thoughtrank.storage.json_files import read_json_object, write_json
from thoughtrank.storage.run_paths import RunPaths

_ARM = "thought"
_BOOTSTRAP_SEED = 0
_DIGITS = 2


def comparison_path(study: Path) -> Path:
    """Of the file that the comparison is kept in."""
    return study / "comparison.json"


def update_comparison(study: Path, groups: Mapping[str, Sequence[StudyRun]], *, kept: Sequence[StudyRun]) -> bool:
    """Compute and keep the comparison, if every kept run has its replies.

    Args:
        study: the folder of the study.
        groups: setting to its runs, in their run folders; the first is what the others are compared with.
        kept: the runs whose summaries the study keeps.

    Returns:
        Whether it could be computed; otherwise an earlier one stays.
    """
    runs = {run.name: run for group in groups.values() for run in group}
    if not kept or any(run.name not in runs or not _replies(runs[run.name]).is_dir() for run in kept):
        return False
    write_json(comparison_path(study), compare(groups))
    return True


def read_comparison(study: Path, runs: Sequence[StudyRun]) -> Mapping[str, Any]:
    """The kept comparison; nothing where there is none, or where it is of other runs."""
    found = read_json_object(comparison_path(study)) or {}
    return found if found.get("runs") == sorted(run.name for run in runs) else {}


def compare(groups: Mapping[str, Sequence[StudyRun]]) -> dict[str, Any]:
    """The contents of ``comparison.json``.

    Returns:
        ``baseline``, the names of ``runs``, and for each of the ``settings`` ``thought_effect`` (over its seeds) and
        ``difference`` (in accuracy to the baseline, over common seeds; None for itself, and without common seeds).
    """
    problems: dict[str, str] = {}
    baseline, *others = groups
    outcomes = {name: {run.seed: _outcomes(run, problems) for run in runs} for name, runs in groups.items()}
    differences = {}
    for name in others:
        seeds = [seed for seed in outcomes[name] if seed in outcomes[baseline]]
        if seeds:
            pairs = [(outcomes[name][seed], outcomes[baseline][seed]) for seed in seeds]
            found = paired_difference_over_seeds(pairs, problems=problems, seed=_BOOTSTRAP_SEED)
            differences[name] = {"arm": _ARM, "seeds": seeds, **asdict(found)}
    adjusted = holm([each["p_value"] for each in differences.values()])
    for difference, p_value in zip(differences.values(), adjusted, strict=True):
        difference["adjusted_p_value"] = p_value
    settings = {
        name: {
            "thought_effect": _rounded(seed_group(name, runs).effect),
            "difference": _rounded(differences.get(name)),
        }
        for name, runs in groups.items()
    }
    names = sorted(run.name for runs in groups.values() for run in runs)
    return {"baseline": baseline, "runs": names, "settings": settings}


def _replies(run: StudyRun) -> Path:
    return RunPaths(run.folder).replies(run.rounds[-1]["round"])


def _outcomes(run: StudyRun, problems: dict[str, str]) -> Outcomes:
    return readings(_replies(run), problems=problems).get(_ARM, {})


def _rounded(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        name: round(value, _DIGITS) if name in ("points", "low", "high") else value for name, value in entry.items()
    }
