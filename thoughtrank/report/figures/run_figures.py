"""The figures of one run: accuracy of every arm by round, and the grid of the prefixes of its last ranked round."""

from collections.abc import Iterator, Sequence
from typing import Any

from thoughtrank.report.figures.svg_file import Scheme, legend_lines, svg_file
from thoughtrank.report.html.accuracy_section import accuracy_curves
from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.prefix_section import gain_text, shade_of
from thoughtrank.report.html.round_candidates import reported_questions
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.svg import CHART_HEIGHT, CHART_WIDTH, NUM_SHADES, line_chart
from thoughtrank.report.prefix_statistics import PrefixResult

_MARGIN = 14
_NARROW, _WIDE, _HIGH, _GAP = 56, 112, 52, 4
"""Pixels of a cell, and between cells; wide ones hold prefixes of more than four characters."""
_MOST_CHARACTERS = 15
_GRID_WIDTH = 820
_STRONGEST = 62
"""Per cent of the colour in the cell of the best prefix, as in the style sheet of the report."""


def accuracy_figure(run: StoredRun, *, scheme: Scheme) -> str | None:
    """An SVG file; None where no round has an accuracy."""
    curves = accuracy_curves(run)
    if not curves.series:
        return None
    label = f"accuracy of {run.name} by round, with 95 % intervals"
    chart = line_chart(curves.series, label=label, x_label="round", looks=curves.looks)
    placed = chart.replace(
        "<svg ", f'<svg x="{_MARGIN}" y="{_MARGIN}" width="{CHART_WIDTH}" height="{CHART_HEIGHT}" ', 1
    )
    lines, height = legend_lines(curves.names, top=0, width=CHART_WIDTH, looks=curves.looks)
    below = CHART_HEIGHT + 2 * _MARGIN
    parts = [placed, f'<g transform="translate({_MARGIN} {below})">', *lines, "</g>"]
    return svg_file(parts, width=CHART_WIDTH + 2 * _MARGIN, height=below + height + _MARGIN, label=label, scheme=scheme)


def prefix_results_of(run: StoredRun) -> tuple[int, Sequence[PrefixResult]]:
    """The last round with ranked candidates, and how each prefix did in it; nothing where there is none."""
    selection: Any = run.config.get("selection")
    for each in reversed(run.rounds):
        statistics = RoundStatistics(each.number)
        for group in reported_questions(run.paths, each.number, selection=selection or {}):
            statistics.add(group)
        if results := statistics.prefixes():
            return each.number, results
    return 0, []


def prefix_figure(results: Sequence[PrefixResult], *, round_number: int, scheme: Scheme) -> str:
    """The grid as an SVG file.

    Args:
        results: at least one prefix.
        round_number: of the round.
        scheme: of the colours.
    """
    wide = max(len(each.prefix) for each in results) > 4
    cell = _WIDE if wide else _NARROW
    columns = min(len(results), (_GRID_WIDTH - 2 * _MARGIN + _GAP) // (cell + _GAP))
    top = max((each.win_rate or 0.0 for each in results), default=0.0) or 1.0
    title = f"Round {round_number}: how often the answer after a prefix is the best"
    if any(each.mean_gain is not None for each in results):
        title += "; below, mean gain in nats"
    parts = [f'<text class="muted" x="{_MARGIN}" y="{_MARGIN + 10}">{escaped(title)}</text>']
    for index, result in enumerate(results):
        x = _MARGIN + (cell + _GAP) * (index % columns)
        y = _MARGIN + 24 + (_HIGH + _GAP) * (index // columns)
        parts += _cell(result, x=x, y=y, width=cell, top=top)
    lines = -(-len(results) // columns)
    width = max(2 * _MARGIN + (cell + _GAP) * columns - _GAP, 480)
    height = 2 * _MARGIN + 24 + (_HIGH + _GAP) * lines - _GAP
    return svg_file(parts, width=width, height=height, label=title, scheme=scheme)


def _cell(result: PrefixResult, *, x: int, y: int, width: int, top: float) -> Iterator[str]:
    shade = shade_of(result.win_rate, top=top)
    box = f'x="{x}" y="{y}" width="{width}" height="{_HIGH}" rx="6"'
    yield f'<rect class="card" {box}/>'
    if shade is not None:
        yield f'<rect class="shade" {box} opacity="{_STRONGEST / 100 * (shade + 1) / NUM_SHADES:.2f}"/>'
    prefix = result.prefix
    shown = prefix if len(prefix) <= _MOST_CHARACTERS else f"{prefix[: _MOST_CHARACTERS - 1]}…"
    middle = f'x="{x + width / 2:g}" text-anchor="middle"'
    rate = "–" if result.win_rate is None else f"{100 * result.win_rate:.0f} %"
    yield f'<text {middle} y="{y + 16}" font-weight="bold">{escaped(shown)}</text>'
    yield f'<text {middle} y="{y + 31}">{rate}</text>'
    if result.mean_gain is not None:
        yield f'<text class="muted" {middle} y="{y + 45}">{gain_text(result.mean_gain)}</text>'
