"""Tables in Markdown, and the figures in their cells."""

from collections.abc import Mapping, Sequence

from thoughtrank.evaluation.statistics import mean
from thoughtrank.report.text_layout import percent

DASH = "–"


def markdown_table(rows: Sequence[Mapping[str, str]]) -> str:
    """A table with the columns of all rows, in the order in which they first appear; those without any figure are left out.

    A cell that a row lacks is a dash.
    """
    found = dict.fromkeys(column for row in rows for column in row)
    columns = [column for column in found if any(row.get(column, DASH) != DASH for row in rows)]
    lines = [columns, ["---"] * len(columns), *([row.get(column, DASH) for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread_text(middle: float, low: float, high: float) -> str:
    """A mean fraction with its range, which is left out where it has no width."""
    return percent(middle) if low == high else f"{percent(middle)} ({100 * low:.1f}–{100 * high:.1f})"


def spread(values: Sequence[float | None]) -> str:
    """The same of the values by seed; a dash where one is not known."""
    known = [value for value in values if value is not None]
    middle = mean(known)
    return DASH if middle is None or len(known) < len(values) else spread_text(middle, min(known), max(known))
