"""The pictures of a study: accuracy and genuine wins by round, differences between settings, and thought effects of runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thoughtrank.evaluation.statistics import mean
from thoughtrank.report.figures.svg_file import Scheme, legend_lines, svg_file
from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.svg import CHART_HEIGHT, CHART_WIDTH, Point, line_chart, series_class
from thoughtrank.report.study.kept_runs import StudyRun

_MARGIN, _LINE, _LABEL, _FIGURES = 14, 20, 190, 165
"""Pixels: of the border, of a line of a picture of intervals, and of the texts at both its sides."""
_WIDTH = CHART_WIDTH + 2 * _MARGIN
Figure = Callable[[Mapping[str, Any]], float | None]


def accuracy(entry: Mapping[str, Any]) -> float | None:
    """Of one round, on the test questions."""
    value: float | None = entry.get("accuracy")
    return value


def genuine_fraction(entry: Mapping[str, Any]) -> float | None:
    """Fraction of the training questions of a round that have a genuine win; None without gains."""
    counted = entry.get("candidates") or {}
    if not counted.get("questions") or counted.get("genuine") is None:
        return None
    return float(counted["genuine"] / counted["questions"])


def rounds_figure(
    groups: Mapping[str, Sequence[StudyRun]], figure: Figure, *, label: str, scheme: Scheme
) -> str | None:
    """A figure by round, the mean over the seeds of each setting with their range, as an SVG file; None without one."""
    series = [(name, points) for name, runs in groups.items() if (points := _points(runs, figure))]
    if not series:
        return None
    # A setting has the same colour in every picture of the study.
    looks = [series_class(list(groups).index(name)) for name, _ in series]
    chart = line_chart(series, label=label, x_label="round", looks=looks)
    placed = chart.replace(
        "<svg ", f'<svg x="{_MARGIN}" y="{_MARGIN + 18}" width="{CHART_WIDTH}" height="{CHART_HEIGHT}" ', 1
    )
    lines, height = legend_lines([name for name, _ in series], top=0, width=CHART_WIDTH, looks=looks)
    below = CHART_HEIGHT + 2 * _MARGIN + 18
    title = f'<text x="{_MARGIN}" y="{_MARGIN + 10}">{escaped(label)}</text>'
    parts = [title, placed, f'<g transform="translate({_MARGIN} {below})">', *lines, "</g>"]
    return svg_file(parts, width=_WIDTH, height=below + height + _MARGIN, label=label, scheme=scheme)


def _points(runs: Sequence[StudyRun], figure: Figure) -> list[Point]:
    """Of the rounds in which every run has the figure."""
    points = []
    for number in sorted({entry["round"] for run in runs for entry in run.rounds}):
        values = [figure(entry) for run in runs for entry in run.rounds if entry["round"] == number]
        known = [value for value in values if value is not None]
        if (middle := mean(known)) is not None and len(known) == len(runs):
            points.append(Point(number, middle, min(known), max(known)))
    return points


def effects_figure(groups: Mapping[str, Sequence[StudyRun]], *, scheme: Scheme) -> str | None:
    """The thought effect of each run with its 95 % interval, as an SVG file; None where no run has one."""
    rows = [
        _Interval(name=run.name, look=series_class(number), **_bounds(run.summary["thought_effect"]))
        for number, runs in enumerate(groups.values())
        for run in runs
        if run.summary.get("thought_effect")
    ]
    return _intervals_figure(rows, label="thought effect of each run in points, with 95 % intervals", scheme=scheme)


def differences_figure(
    groups: Mapping[str, Sequence[StudyRun]], compared: Mapping[str, Any], *, scheme: Scheme
) -> str | None:
    """The accuracy of each setting beside the first one, as an SVG file; None where nothing was compared.

    Args:
        groups: setting to its runs.
        compared: the contents of ``comparison.json``.
        scheme: of the colours.
    """
    settings = compared.get("settings", {})
    rows = [
        _Interval(name=name, look=series_class(number), **_bounds(settings[name]["difference"]))
        for number, name in enumerate(groups)
        if settings.get(name, {}).get("difference")
    ]
    label = f"accuracy minus that of {compared.get('baseline')} in points, over seeds, with 95 % intervals"
    return _intervals_figure(rows, label=label, scheme=scheme)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interval:
    """One line of a picture of intervals, in points; ``look`` is the class of its colour."""

    name: str
    look: str
    points: float
    low: float
    high: float


def _bounds(entry: Mapping[str, Any]) -> dict[str, float]:
    return {name: entry[name] for name in ("points", "low", "high")}


def _intervals_figure(rows: Sequence[_Interval], *, label: str, scheme: Scheme) -> str | None:
    """Intervals on one scale, on which zero is marked."""
    if not rows:
        return None
    low = min(0.0, *(row.low for row in rows))
    high = max(0.0, *(row.high for row in rows))
    left, right = _MARGIN + _LABEL, _WIDTH - _MARGIN - _FIGURES

    def x_of(points: float) -> float:
        return left + (points - low) / ((high - low) or 1.0) * (right - left)

    top = _MARGIN + 18
    bottom = top + _LINE * len(rows)
    parts = [
        f'<text x="{_MARGIN}" y="{_MARGIN + 10}">{escaped(label)}</text>',
        f'<line class="grid" x1="{x_of(0):.1f}" x2="{x_of(0):.1f}" y1="{top}" y2="{bottom}"/>',
    ]
    for index, row in enumerate(rows):
        y = top + _LINE * (index + 0.5)
        figures = f"{row.points:+.1f} [{row.low:+.1f} to {row.high:+.1f}]"
        parts.append(
            f'<text x="{_MARGIN}" y="{y + 4:.1f}">{escaped(row.name)}</text><g class="{row.look}">'
            f'<line class="bar" x1="{x_of(row.low):.1f}" x2="{x_of(row.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<circle cx="{x_of(row.points):.1f}" cy="{y:.1f}" r="4"/></g>'
            f'<text class="muted" x="{right + 12}" y="{y + 4:.1f}">{escaped(figures)}</text>'
        )
    return svg_file(parts, width=_WIDTH, height=bottom + _MARGIN, label=label, scheme=scheme)
