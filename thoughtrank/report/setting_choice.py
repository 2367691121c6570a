"""Which setting of a sweep is the best by development questions, so that test questions choose nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.evaluation.statistics import mean
from thoughtrank.report.sweep_jobs import SweepJob, settings_of
from thoughtrank.report.text_layout import percent

TOO_HIGH = (
    "These accuracies are on test questions, so the best of them is biased upwards; choose a setting by development questions "
    "(export.which=best)."
)


def choice_line(jobs: Sequence[SweepJob]) -> str | None:
    """The best setting by its accuracy on development questions; a caution where a finished job has none.

    Args:
        jobs: of the sweep.

    Returns:
        None where fewer than two settings are finished, seeds apart.
    """
    found: dict[tuple[str, ...], list[float | None]] = {}
    for job in jobs:
        if (summary := job.results()) is not None:
            found.setdefault(settings_of(job, jobs), []).append(development_accuracy(summary))
    if len(found) < 2:
        return None
    means = {settings: _mean(values) for settings, values in found.items()}
    known = {settings: value for settings, value in means.items() if value is not None}
    if len(known) < len(means):
        return TOO_HIGH
    best = max(known, key=known.__getitem__)
    seeds = f", mean of {len(found[best])} seeds" if len(found[best]) > 1 else ""
    return (
        f"best on development questions: {' '.join(best)} ({percent(known[best])}{seeds}); choose a setting by them, not by "
        "its accuracy on test questions"
    )


def development_accuracy(summary: Mapping[str, Any]) -> float | None:
    """Of the exported round; None where no development questions were asked.

    Args:
        summary: the contents of ``summary.json``.
    """
    accuracy: float | None = summary["rounds"][summary["exported_round"]].get("development_accuracy")
    return accuracy


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else None
