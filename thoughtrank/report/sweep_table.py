"""The table that compares the jobs of a sweep, and under it what holds over seeds."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thoughtrank.report.effect_text import effect_figures
from thoughtrank.report.findings import finding_scalars
from thoughtrank.report.labels import ARMS_BESIDE, arm_label, control_label, side_label
from thoughtrank.report.results_table import metric_cells
from thoughtrank.report.setting_choice import choice_line, development_accuracy
from thoughtrank.report.sweep_jobs import SweepJob, varied
from thoughtrank.report.sweep_seeds import SeedGroup
from thoughtrank.report.text_layout import dollars, fixed_width, percent, wrapped
from thoughtrank.storage.files import replacing
from thoughtrank.storage.judge_costs import total_of

_DEVELOPMENT = "development accuracy"
_EMPTY, _CONTROL = arm_label("room_to_reason"), control_label("answers_only")
_CONTROL_AT_ONCE = side_label("answers_only answer_at_once")


def comparison(jobs: Sequence[SweepJob]) -> list[dict[str, Any]]:
    """One row per job: what it varied, its thought effect, the figures of its exported round and of its controls, and the
    examples and the judge's cost of all rounds."""
    return [
        {
            "job": job.number,
            **{key: value for key, _, value in (each.partition("=") for each in varied(job, jobs))},
            "run": job.run,
            "outcome": job.outcome,
            **_figures(job.results()),
            "error": job.error,
        }
        for job in jobs
    ]


def comparison_text(jobs: Sequence[SweepJob], groups: Sequence[SeedGroup]) -> str:
    """The closing table of a sweep; under it what holds over seeds, the best setting, and the jobs that failed, with causes."""
    results = [job.results() for job in jobs]
    columns = _columns([each for each in results if each is not None])
    rows = [["job", "varied", *columns, "run"]]
    for job, summary in zip(jobs, results, strict=True):
        cells = {} if summary is None else _cells(summary)
        figures = [cells.get(column, "–") for column in columns] if cells else [job.outcome, *[""] * (len(columns) - 1)]
        rows.append([str(job.number), " ".join(varied(job, jobs)) or "–", *figures, job.run])
    failed = [job for job in jobs if job.outcome == "failed"]
    lines = [fixed_width(rows), *(wrapped(line) for group in groups for line in group.lines())]
    if (choice := choice_line(jobs)) is not None:
        lines.append(wrapped(choice))
    lines += [f"job {job.number} failed: {job.error}" + (f" (see {job.log})" if job.log else "") for job in failed]
    return "\n".join(lines)


def write_comparison(folder: Path, jobs: Sequence[SweepJob], groups: Sequence[SeedGroup]) -> list[Path]:
    """Write the comparison as ``comparison.csv`` into the sweep's folder, and where settings have several seeds, what holds
    over them as ``over_seeds.csv``; returns the files."""
    tables = {"comparison.csv": comparison(jobs), "over_seeds.csv": [each.row() for each in groups]}
    return [_write_rows(folder / name, rows) for name, rows in tables.items() if rows]


def _write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _exported(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the exported round, with the examples and the judge's cost of all rounds."""
    rounds = summary["rounds"]
    examples, cost = sum(each["examples"] for each in rounds), total_of(each["judge_cost"] for each in rounds)
    return {**rounds[summary["exported_round"]], "examples": examples, "judge_cost": cost}


def _columns(summaries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The titles of the figures, those that no job has left out."""
    cells = [_cells(each) for each in summaries]
    titles = ["thought effect", "accuracy", _DEVELOPMENT, _EMPTY, *map(arm_label, ARMS_BESIDE)]
    titles += [_CONTROL, _CONTROL_AT_ONCE, "unseen families", "thoughts", "examples", "judge"]
    always = ("accuracy", _EMPTY, "unseen families", "thoughts", "examples", "judge")
    return [each for each in titles if each in always or any(each in of_job for of_job in cells)]


def _cells(summary: Mapping[str, Any]) -> dict[str, str]:
    """The figures of a finished job as text, by the title of their column; those it lacks are left out."""
    entry = _exported(summary)
    arms = entry.get("arms", {})
    names = ("accuracy", _EMPTY, "unseen families", "thoughts", "examples")
    cells = dict(zip(names, metric_cells(entry), strict=True))
    cells |= {arm_label(arm): percent(arms[arm]["accuracy"]) for arm in ARMS_BESIDE if arm in arms}
    if (development := development_accuracy(summary)) is not None:
        cells[_DEVELOPMENT] = percent(development)
    if effect := summary.get("thought_effect"):
        cells["thought effect"] = effect_figures(effect)
    if control := summary.get("controls", {}).get("answers_only"):
        cells[_CONTROL] = percent(control["accuracy"])
        if "answer_at_once" in control["arms"]:
            cells[_CONTROL_AT_ONCE] = percent(control["arms"]["answer_at_once"]["accuracy"])
    return {**cells, "judge": dollars(entry["judge_cost"])}


def _figures(summary: Mapping[str, Any] | None) -> dict[str, Any]:
    if summary is None:
        return {}
    entry = _exported(summary)
    names = ("accuracy", "direct_accuracy", "unseen_accuracy", "thought_rate", "examples", "judge_cost")
    findings = {"thought_effect": summary.get("thought_effect"), "controls": summary.get("controls", {})}
    return {
        "exported_round": entry["round"],
        **{name: entry[name] for name in names},
        **{name: entry[name] for name in ("family_macro_accuracy",) if name in entry},
        "development_accuracy": development_accuracy(summary),
        **{f"{arm}_accuracy": figures["accuracy"] for arm, figures in entry.get("arms", {}).items()},
        **finding_scalars(findings),
    }
