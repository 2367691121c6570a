"""Charts of the report as SVG files: with the colours of the report's style sheet, light or dark, and without a browser."""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal

from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.svg import CONTROL, NUM_COLOURS, series_classes

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_ROOT = re.compile(r":root \{(.*?)\}", re.DOTALL)
_VARIABLE = re.compile(r"--([\w-]+): ([^;]+);")
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif'
_LINE, _SWATCH = 18, 12
"""Pixels: height of a line of the legend, and width of a swatch."""
_CHARACTER = 6.7
"""Mean width in pixels of a character of 12 pixels; names are as far apart as their longest one asks for."""


def colours(scheme: Scheme) -> dict[str, str]:
    """Name to colour, as the style sheet of the report defines them."""
    sheet = files("thoughtrank.report.html").joinpath("assets", "report.css").read_text(encoding="utf-8")
    light, dark = (dict(_VARIABLE.findall(block)) for block in _ROOT.findall(sheet)[:2])
    return light if scheme == "light" else {**light, **dark}


def svg_file(parts: Sequence[str], *, width: float, height: float, label: str, scheme: Scheme) -> str:
    """A whole file: the parts on the background of a card, with the styles that they need.

    Args:
        parts: SVG elements.
        width: in pixels.
        height: in pixels.
        label: what a screen reader says.
        scheme: of the colours.
    """
    colour = colours(scheme)
    rules = [
        f"text {{ fill: {colour['text']}; font: 12px {_FONT}; }}",
        f".tick, .muted {{ fill: {colour['muted']}; }}",
        f".grid {{ stroke: {colour['line']}; }}",
        f".card {{ fill: {colour['card']}; stroke: {colour['line']}; }}",
        f".shade {{ fill: {colour['shade']}; }}",
        *(f".s{number} {{ color: {colour[f's{number}']}; }}" for number in range(NUM_COLOURS)),
        f".control {{ color: {colour['control']}; }}",
        ".line { fill: none; stroke: currentColor; stroke-width: 1.5; } .main .line { stroke-width: 3.5; }",
        ".dashed .line { stroke-dasharray: 6 4; }",
        ".dashed .swatch { fill-opacity: .25; stroke: currentColor; stroke-dasharray: 3 2; }",
        ".bar { stroke: currentColor; stroke-width: 1.2; opacity: .6; }",
        ".band { fill: currentColor; opacity: .12; } circle, .marker, .swatch { fill: currentColor; }",
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img" aria-label="{escaped(label)}"><style>{" ".join(rules)}</style>'
        f'<rect class="card" x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>{"".join(parts)}</svg>\n'
    )


def legend_lines(
    names: Sequence[str], *, top: float, width: float, looks: Sequence[str] | None = None
) -> tuple[list[str], float]:
    """The names of the series with their colours, in columns, and the height of all.

    Args:
        names: in the order of the colours.
        top: of the first line, in pixels.
        width: of the whole.
        looks: the class of each, by default those of their indices; the swatch of a control is a diamond.
    """
    column = max(map(len, names)) * _CHARACTER + 2 * _SWATCH + 8
    columns = max(1, int(width // column))
    parts = []
    for number, (look, name) in enumerate(zip(looks or series_classes(len(names)), names, strict=True)):
        x, y = column * (number % columns), top + _LINE * (number // columns)
        parts.append(
            f'<g class="{look}">{_swatch(x, y, diamond=look == CONTROL)}</g>'
            f'<text x="{x + _SWATCH + 6:.1f}" y="{y + 10:.1f}">{escaped(name)}</text>'
        )
    return parts, _LINE * -(-len(names) // columns)


def _swatch(x: float, y: float, *, diamond: bool) -> str:
    if diamond:
        half = _SWATCH / 2
        return f'<path class="swatch" d="M{x + half:.1f} {y:.1f}l{half} {half}l-{half} {half}l-{half} -{half}z"/>'
    return f'<rect class="swatch" x="{x:.1f}" y="{y:.1f}" width="{_SWATCH}" height="{_SWATCH}" rx="3"/>'
