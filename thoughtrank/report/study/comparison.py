"""What only the replies of all runs show: each setting beside the first one, and thought effects over seeds.

A study keeps no replies, so this is computed while the run folders are there, and kept as ``comparison.json``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from thoughtrank.evaluation.paired import Outcomes, holm, paired_difference_over_seeds
from thoughtrank.report.findings import readings, rounded
from thoughtrank.report.study.kept_runs import StudyRun, seed_group
from thoughtrank.storage.json_files import read_json_object, write_json
from thoughtrank.storage.run_paths import RunPaths

_ARM = "thought"
_BOOTSTRAP_SEED = 0


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
        ``baseline``, the names of ``runs``, and for each of the ``settings`` ``thought_effect`` (over its seeds),
        ``difference`` (in accuracy to the baseline after the last rounds of both, over common seeds; None for itself, and
        without common seeds) and ``earlier_rounds`` (the same by the number of each round before the last that both have).
    """
    problems: dict[str, str] = {}
    baseline = next(iter(groups))
    last = _differences(groups, None, problems=problems)
    most = max(run.rounds[-1]["round"] for runs in groups.values() for run in runs)
    earlier = {number: _differences(groups, number, problems=problems) for number in range(1, most)}
    settings = {
        name: {
            "thought_effect": rounded(seed_group(name, runs).effect),
            "difference": rounded(last.get(name)),
            "earlier_rounds": {str(number): rounded(of[name]) for number, of in earlier.items() if name in of},
        }
        for name, runs in groups.items()
    }
    names = sorted(run.name for runs in groups.values() for run in runs)
    return {"baseline": baseline, "runs": names, "settings": settings}


def _differences(
    groups: Mapping[str, Sequence[StudyRun]], number: int | None, *, problems: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """Each setting beside the first, with p-values corrected for the number of settings.

    Args:
        groups: setting to its runs.
        number: of the round, which has to come before the last one of a run; None for the last.
        problems: question id to problem; those of the replies that are read are added.
    """
    outcomes = {
        name: {run.seed: _outcomes(run, number, problems) for run in runs if _has(run, number)}
        for name, runs in groups.items()
    }
    baseline, *others = groups
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
    return differences


def _has(run: StudyRun, number: int | None) -> bool:
    return number is None or (number < run.rounds[-1]["round"] and _replies(run, number).is_dir())


def _replies(run: StudyRun, number: int | None = None) -> Path:
    return RunPaths(run.folder).replies(run.rounds[-1]["round"] if number is None else number)


def _outcomes(run: StudyRun, number: int | None, problems: dict[str, str]) -> Outcomes:
    return readings(_replies(run, number), problems=problems).get(_ARM, {})
