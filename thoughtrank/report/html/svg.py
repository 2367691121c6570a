"""Charts as SVG text: lines with intervals over rounds, an interval on a scale, and histograms.

Colours are classes of the page's style sheet (``s0`` to ``s8``, ``control``, ``chance``), which has a light and dark scheme.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from thoughtrank.report.html.embedding import escaped

NUM_COLOURS = 9
"""Series beyond them take the colours again, dashed."""
NUM_SHADES = 10
"""Of a cell in the grid of prefixes."""
CHART_WIDTH, CHART_HEIGHT = 640, 280
_HISTOGRAM_WIDTH, _HISTOGRAM_HEIGHT, _HISTOGRAM_BOTTOM = 360, 294, 44
"""Three of them side by side fit the page without being scaled down."""
_MOST_FRACTIONAL_BINS = 32
_ROOT_TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6)
"""Fractions at the lines of a square-root scale, below its top."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 30


@dataclass(frozen=True, slots=True)
class Point:
    """A value between 0 and 1 with its interval."""

    x: int
    value: float
    low: float
    high: float


CONTROL = "control"
"""The class of a control: it has a colour of its own, and a diamond for its point."""


CHANCE = "chance"
"""The class of a difference that may be chance: grey."""


def series_class(number: int) -> str:
    """The classes of the series at this index."""
    return f"s{number % NUM_COLOURS}{' dashed' if number >= NUM_COLOURS else ''}"


def series_classes(count: int) -> list[str]:
    """The classes of series that nothing else tells apart."""
    return [series_class(number) for number in range(count)]


def line_chart(
    series: Sequence[tuple[str, Sequence[Point]]], *, label: str, x_label: str, looks: Sequence[str] | None = None
) -> str:
    """Lines over whole numbers, one per series, each with its intervals; values are shown in per cent.

    Args:
        series: name and points of each; the first is drawn thicker, with a band.
        looks: the class of each; by default those of their indices.
        label: what a screen reader says.
        x_label: of the horizontal axis.
    """
    points = [point for _, each in series for point in each]
    first, last = min(point.x for point in points), max(point.x for point in points)
    top = _rounded_up(max(point.high for point in points))
    span = max(last - first, 1)

    def x_of(x: float) -> float:
        return _LEFT + 20 + (x - first) / span * (CHART_WIDTH - _LEFT - _RIGHT - 40)

    def y_of(value: float) -> float:
        return CHART_HEIGHT - _BOTTOM - value / top * (CHART_HEIGHT - _TOP - _BOTTOM)

    parts = [_y_axis([(top * step / 4, y_of(top * step / 4)) for step in range(5)], top=top)]
    for tick in range(first, last + 1):
        unit = "" if tick == first else ' class="unit"'  # hidden on a narrow screen
        parts.append(
            f'<text class="tick" x="{x_of(tick):.1f}" y="{CHART_HEIGHT - 12}" text-anchor="middle">'
            f"<tspan{unit}>{escaped(x_label)} </tspan>{tick}</text>"
        )
    classes = looks or series_classes(len(series))
    for number, (name, of_series) in reversed(list(enumerate(series))):
        shift = (number - (len(series) - 1) / 2) * 3
        at = [(x_of(point.x) + shift, point) for point in of_series]
        path = " ".join(f"{x:.1f},{y_of(point.value):.1f}" for x, point in at)
        parts.append(f'<g class="{classes[number]}{" main" if number == 0 else ""}">')
        if number == 0 and len(at) > 1:
            upper = [f"{x:.1f},{y_of(point.high):.1f}" for x, point in at]
            lower = [f"{x:.1f},{y_of(point.low):.1f}" for x, point in reversed(at)]
            parts.append(f'<polygon class="band" points="{" ".join([*upper, *lower])}"/>')
        parts.append(f'<polyline class="line" points="{path}"/>')
        for x, point in at:
            title = f"{name}, {x_label} {point.x}: {100 * point.value:.1f} % [{100 * point.low:.1f} to {100 * point.high:.1f}]"
            parts.append(
                f'<g><title>{escaped(title)}</title><line class="bar" x1="{x:.1f}" x2="{x:.1f}" '
                f'y1="{y_of(point.low):.1f}" y2="{y_of(point.high):.1f}"/>'
                f"{_marker(x, y_of(point.value), first=number == 0, control=classes[number] == CONTROL)}</g>"
            )
        parts.append("</g>")
    return _svg(parts, label=label)


def _marker(x: float, y: float, *, first: bool, control: bool) -> str:
    """A circle; a diamond for the control, which no line leads the eye to."""
    if control:
        return f'<path class="marker" d="M{x:.1f} {y - 7:.1f}l7 7l-7 7l-7 -7z"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{5 if first else 3.5}"/>'


def interval_bar(
    value: float, low: float, high: float, *, low_end: float, high_end: float, look: str, zero: bool = False
) -> str:
    """A value and its interval on a scale from ``low_end`` to ``high_end``, as wide as its cell.

    ``look`` is the class of its colour, such as that of a series; ``zero`` draws a line at zero.
    """
    span = high_end - low_end or 1.0

    def x_of(at: float) -> float:
        return 2 + 196 * (min(max(at, low_end), high_end) - low_end) / span

    line = f'<line class="zero" x1="{x_of(0):.1f}" x2="{x_of(0):.1f}" y1="0" y2="16"/>' if zero else ""
    return (
        f'<svg class="interval {look}" viewBox="0 0 200 16" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" x="0" y="7.5" width="200" height="1"/>{line}'
        f'<rect class="range" x="{x_of(low):.1f}" y="5" width="{max(x_of(high) - x_of(low), 0.5):.1f}" height="6"/>'
        f'<rect class="mark" x="{x_of(value) - 1.5:.1f}" y="1" width="3" height="14"/></svg>'
    )


def histogram(series: Sequence[tuple[str, Mapping[float, int]]], *, label: str, x_label: str, bins: int = 64) -> str:
    """The distributions of several series as outlines over shared bins; the height is the root of the fraction of a series.

    The square root keeps bins of a few per cent visible beside one with most of the values, and has a zero, unlike a logarithm.
    Only the last one is filled: translucent areas on top of each other have colours of their own. Every bin of whole numbers
    holds as many of them, which the axis says.

    Args:
        series: name, and value to its count, of each.
        label: what a screen reader says.
        x_label: of the horizontal axis.
        bins: at most as many.
    """
    bars = _bars({value for _, counts in series for value in counts}, most=bins)
    bins = bars.count
    heights = [_fractions(counts, bars=bars) for _, counts in series]
    top = _rounded_up(max(max(each) for each in heights))
    inner = _HISTOGRAM_WIDTH - _LEFT - _RIGHT
    bottom = _HISTOGRAM_HEIGHT - _HISTOGRAM_BOTTOM

    def y_of(value: float) -> float:
        return bottom - math.sqrt(value / top) * (bottom - _TOP)

    ticks = [*(each for each in _ROOT_TICKS if each < 0.8 * top), top]
    parts = [_y_axis([(each, y_of(each)) for each in ticks], top=top, width=_HISTOGRAM_WIDTH)]
    for number, ((name, _), fractions) in enumerate(zip(series, heights, strict=True)):
        steps = []
        for index, fraction in enumerate(fractions):
            left, right = (_LEFT + inner * (index + each) / bins for each in (0, 1))
            steps += [f"{left:.1f},{y_of(fraction):.1f}", f"{right:.1f},{y_of(fraction):.1f}"]
        ends = f"{_LEFT},{y_of(0):.1f} {' '.join(steps)} {_LEFT + inner},{y_of(0):.1f}"
        band = f'<polygon class="band" points="{ends}"/>' if number == len(series) - 1 else ""
        parts.append(
            f'<g class="{series_class(number)}"><title>{escaped(name)}</title>{band}'
            f'<polyline class="line" points="{" ".join(steps)}"/></g>'
        )
    for at, text in bars.ticks():
        parts.append(
            f'<text class="tick" x="{_LEFT + inner * at:.1f}" y="{bottom + 17}" text-anchor="middle">{text}</text>'
        )
    middle = _LEFT + inner / 2
    parts.append(f'<text x="{middle}" y="{bottom + 36}" text-anchor="middle">{escaped(x_label + bars.held())}</text>')
    return _svg(parts, label=label, width=_HISTOGRAM_WIDTH, height=_HISTOGRAM_HEIGHT)


@dataclass(frozen=True, slots=True)
class _Bars:
    """The bins of a histogram: lower end of the first, width of each, how many, and whether they hold whole numbers."""

    low: float
    width: float
    count: int
    whole: bool

    def held(self) -> str:
        """How many numbers a bin holds."""
        return f", {self.width:.0f} per bar" if self.whole else ""

    def ticks(self) -> list[tuple[float, str]]:
        """Position (fraction of the axis) and text of up to five ticks; whole numbers have theirs in the middle of a bar."""
        if self.whole:
            indices = sorted({round(step * (self.count - 1) / 4) for step in range(5)})
            return [((index + 0.5) / self.count, f"{self.low + 0.5 + self.width * index:.0f}") for index in indices]
        span = self.width * self.count
        digits = 0 if span > 8 else 1
        return [(step / 4, f"{self.low + span * step / 4:.{digits}f}") for step in range(5)]


def _bars(values: set[float], *, most: int) -> _Bars:
    low, high = min(values), max(values)
    if all(float(value).is_integer() for value in values):
        width = -(-int(high - low + 1) // most)
        return _Bars(low - 0.5, float(width), -(-int(high - low + 1) // width), whole=True)
    most = min(most, _MOST_FRACTIONAL_BINS)
    return _Bars(low, (high - low) / most or 1.0, most, whole=False)


def _fractions(counts: Mapping[float, int], *, bars: _Bars) -> list[float]:
    heights = [0.0] * bars.count
    total = sum(counts.values())
    for value, count in counts.items():
        heights[min(int((value - bars.low) / bars.width), bars.count - 1)] += count / total
    return heights


def legend(names: Sequence[str], *, looks: Sequence[str] | None = None) -> str:
    """The names of the series with their colours; ``looks`` are their classes, by default those of their indices."""
    items = "".join(
        f'<li class="{look}"><span class="swatch"></span>{escaped(name)}</li>'
        for look, name in zip(looks or series_classes(len(names)), names, strict=True)
    )
    return f'<ul class="legend">{items}</ul>'


def _y_axis(ticks: Sequence[tuple[float, float]], *, top: float, width: int = CHART_WIDTH) -> str:
    """Lines at fractions, each with the height at which it is drawn."""
    lines = []
    for value, y in ticks:
        text = f"{100 * value:.0f} %" if top > 0.2 else f"{100 * value:.1f} %"
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    return "".join(lines)


def _rounded_up(value: float) -> float:
    for step in (0.02, 0.04, 0.08, 0.2, 0.4, 0.6, 0.8):
        if value <= step:
            return step
    return 1.0


def _svg(parts: Sequence[str], *, label: str, width: int = CHART_WIDTH, height: int = CHART_HEIGHT) -> str:
    inside = "".join(parts)
    box = f"0 0 {width} {height}"
    return f'<svg class="chart" viewBox="{box}" role="img" aria-label="{escaped(label)}">{inside}</svg>'
