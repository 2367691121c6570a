"""What holds over seeds: jobs of a sweep that differ in nothing but their ``seed``, taken together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.evaluation.statistics import mean
from thoughtrank.evaluation.thought_effect import Readings, ThoughtEffect, thought_effect_over_seeds
from thoughtrank.report.effect_text import effect_line
from thoughtrank.report.findings import readings
from thoughtrank.report.labels import ARMS_BESIDE
from thoughtrank.report.setting_choice import development_accuracy
from thoughtrank.report.sweep_jobs import SEED, SweepJob, settings_of
from thoughtrank.storage.run_paths import RunPaths

_BOOTSTRAP_SEED = 0


@dataclass(frozen=True, kw_only=True)
class SeedGroup:
    """Finished jobs with the same settings and different seeds.

    Attributes:
        settings: what the sweep varied beside the seed, one ``key=value`` each.
        seeds: of the jobs, in their order.
        jobs: the jobs, with their summaries.
    """

    settings: tuple[str, ...]
    seeds: tuple[str, ...]
    jobs: tuple[tuple[SweepJob, Mapping[str, Any]], ...]

    def lines(self) -> list[str]:
        """For the end of a sweep: the effect over the seeds, then mean and range of the figures by seed."""
        where = f" with {' '.join(self.settings)}" if self.settings else ""
        head = f"over seeds {', '.join(self.seeds)}{where}: "
        spreads = [f"{name} {_spread_text(values)}" for name, values in self._figures() if name.endswith("accuracy")]
        if effects := dict(self._figures()).get("thought_effect"):
            low, high = min(effects), max(effects)
            spreads.insert(0, f"thought effect {mean(effects):+.1f} points ({low:+.1f} to {high:+.1f})")
        means = f"mean (range): {', '.join(spreads)}"
        return [f"{head}{means}"] if self.effect is None else [f"{head}{effect_line(self.effect)}", f"  {means}"]

    def row(self) -> dict[str, Any]:
        """The same for a table."""
        row: dict[str, Any] = {key: value for key, _, value in (each.partition("=") for each in self.settings)}
        row["seeds"] = " ".join(self.seeds)
        row |= {f"thought_effect_{name}": value for name, value in (self.effect or {}).items()}
        for name, values in self._figures():
            row |= {f"{name}_mean": mean(values), f"{name}_min": min(values), f"{name}_max": max(values)}
        return row

    @cached_property
    def effect(self) -> dict[str, Any] | None:
        """The thought effect over the seeds, as in ``summary.json``; None where a run has none, or lacks its replies."""
        problems: dict[str, str] = {}
        runs = [_run_readings(job, summary, problems=problems) for job, summary in self.jobs]
        complete = [each for each in runs if each is not None]
        if len(complete) < len(runs):
            return None
        effect = thought_effect_over_seeds(complete, problems=problems, seed=_BOOTSTRAP_SEED)
        return None if effect is None else _entry(effect)

    def _figures(self) -> Iterator[tuple[str, list[float]]]:
        """Every figure that all jobs have, seed by seed: of the exported round, but for the effect."""
        of_jobs = [_job_figures(summary) for _, summary in self.jobs]
        for name in of_jobs[0]:
            values = [each.get(name) for each in of_jobs]
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                yield name, known


def seed_groups(jobs: Sequence[SweepJob]) -> list[SeedGroup]:
    """The settings of which at least two seeds are finished, in the order of their first jobs."""
    groups: dict[tuple[str, ...], dict[str, tuple[SweepJob, Mapping[str, Any]]]] = {}
    for job in jobs:
        seeds = [each.removeprefix(SEED) for each in job.overrides if each.startswith(SEED)]
        results = job.results()
        if seeds and results is not None:
            groups.setdefault(settings_of(job, jobs), {})[seeds[-1]] = (job, results)
    return [
        SeedGroup(settings=settings, seeds=tuple(by_seed), jobs=tuple(by_seed.values()))
        for settings, by_seed in groups.items()
        if len(by_seed) > 1
    ]


def _job_figures(summary: Mapping[str, Any]) -> dict[str, float | None]:
    entry = summary["rounds"][summary["exported_round"]]
    effect = summary.get("thought_effect") or {}
    control = summary.get("controls", {}).get("answers_only", {})
    arms = entry.get("arms", {})
    return {
        "thought_effect": effect.get("points"),
        **{name: entry[name] for name in ("accuracy", "direct_accuracy", "unseen_accuracy")},
        "development_accuracy": development_accuracy(summary),
        **{f"{arm}_accuracy": arms[arm]["accuracy"] for arm in ARMS_BESIDE if arm in arms},
        "answers_only_accuracy": control.get("accuracy"),
    }


def _run_readings(
    job: SweepJob, summary: Mapping[str, Any], *, problems: dict[str, str]
) -> tuple[Readings, Mapping[str, Readings]] | None:
    """The arms of a run's last round, and those of the variants of its control; None where a table cannot be read."""
    control = summary.get("controls", {}).get("answers_only")
    if job.summary is None or control is None:
        return None
    paths = RunPaths(Path(job.summary).parent)
    folders = {
        variant: paths.control(control["round"], "answers_only", variant).replies
        for variant in control.get("variants", {})
    }
    last = paths.replies(summary["rounds"][-1]["round"])
    if not all(each.is_dir() for each in (last, *folders.values())):
        return None
    try:
        of_control = {variant: readings(folder, problems=problems) for variant, folder in folders.items()}
        return readings(last, problems=problems), of_control
    except UserError:  # damaged, or of another version: the sweep's table is shown all the same
        return None


def _entry(effect: ThoughtEffect) -> dict[str, Any]:
    return {name: value for name, value in asdict(effect).items() if name != "parts"}


def _spread_text(values: Sequence[float]) -> str:
    return f"{100 * (mean(values) or 0.0):.1f} % ({100 * min(values):.1f} to {100 * max(values):.1f})"
