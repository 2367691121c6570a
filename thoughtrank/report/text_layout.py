"""Text for a terminal of 100 columns: sentences are wrapped, wide tables are folded, and fractions are percentages."""

import textwrap
from collections.abc import Sequence

COLUMNS = 100
_GAP = 2


def wrapped(text: str) -> str:
    """A sentence of any length; every line after its first is indented. No word is cut."""
    return textwrap.fill(text, COLUMNS, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def fixed_width(rows: Sequence[Sequence[str]]) -> str:
    """A table as text, its columns as wide as their widest cell; the first row is the header.

    The columns that do not fit beside the others are a table of their own below, which repeats the first column.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    blocks = [[0]]
    for column in range(1, len(widths)):
        if len(blocks[-1]) > 1 and _width([*blocks[-1], column], widths) > COLUMNS:
            blocks.append([0])
        blocks[-1].append(column)
    return "\n\n".join(_lines(rows, columns=block, widths=widths) for block in blocks)


def _width(columns: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[column] for column in columns) + _GAP * (len(columns) - 1)


def _lines(rows: Sequence[Sequence[str]], *, columns: Sequence[int], widths: Sequence[int]) -> str:
    gap = " " * _GAP
    return "\n".join(gap.join(row[column].ljust(widths[column]) for column in columns).rstrip() for row in rows)


def sentence_case(text: str) -> str:
    """The same with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]


def percent(value: float | None) -> str:
    """A fraction as text; a dash for None."""
    return "–" if value is None else f"{100 * value:.1f} %"


def dollars(cost: float | None) -> str:
    """US dollars as text; a question mark where the price was unknown."""
    return "?" if cost is None else f"${cost:.2f}"


def listed_prefixes(prefixes: Sequence[str]) -> str:
    """Prefixes one after the other: "a b c", and with commas where some have several words."""
    return (", " if any(" " in each for each in prefixes) else " ").join(prefixes)
