"""Pieces of a page that every section uses: the section itself, tables, and numbers as text."""

from collections.abc import Sequence

from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.text_layout import percent


def section(name: str, title: str, *parts: str, missing: str | None = None) -> str:
    """A section with its heading.

    Args:
        name: of its id; unique in the page.
        title: its heading.
        parts: its content as HTML.
        missing: a sentence in place of the content, where the run has no such data.
    """
    content = f'<p class="missing">{escaped(missing)}</p>' if missing is not None else "".join(parts)
    return f'<section aria-labelledby="{name}-title"><h3 id="{name}-title">{escaped(title)}</h3>{content}</section>\n'


def note(text: str) -> str:
    """A sentence on how to read what follows."""
    return f'<p class="note">{escaped(text)}</p>'


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str,
    markup: Sequence[int] = (),
    stacked: bool = False,
) -> str:
    """A table that scrolls sideways on a narrow screen, or stacks the cells of each row there.

    Args:
        header: of its columns.
        rows: cells as text; the first one of each row is its heading.
        caption: what the table shows, for screen readers.
        markup: columns whose cells are HTML of ours already.
        stacked: whether the cells of a row stand below its heading on a narrow screen, each after the name of its column.
    """
    head = "".join(f'<th scope="col">{escaped(each)}</th>' for each in header)
    names = [f' data-column="{escaped(each)}"' if stacked and each else "" for each in header]
    lines = []
    for row in rows:
        cells = [each if column in markup else escaped(each) for column, each in enumerate(row)]
        data = "".join(f"<td{name}>{each}</td>" for name, each in zip(names[1:], cells[1:], strict=True))
        lines.append(f'<tr><th scope="row">{cells[0]}</th>{data}</tr>')
    look = ' class="stacked"' if stacked else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(caption)}"><table{look}>'
        f"<caption><span>{escaped(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def details(summary: str, *parts: str) -> str:
    """Content that is folded at first."""
    return f"<details><summary>{escaped(summary)}</summary>{''.join(parts)}</details>"


def scrolling(content: str, *, label: str) -> str:
    """A chart that scrolls sideways on a narrow screen, also by keyboard."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(label)}">{content}</div>'


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """A fraction with its interval."""
    if value is None or low is None or high is None:
        return percent(value)
    return f"{100 * value:.1f} % [{100 * low:.0f}–{100 * high:.0f}]"
