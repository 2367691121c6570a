"""The tables of ``docs/reliability.md``, from the records of a campaign."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from campaign.kinds import KINDS
from campaign.outcome import Kind, Outcome
from campaign.records import Record

BEGIN, END = "<!-- begin of the campaign's tables -->", "<!-- end of the campaign's tables -->"
_MOST_FINDINGS = 40


def totals(records: Iterable[Record]) -> dict[str, Outcome]:
    """The outcomes of all trials of each kind together."""
    found: dict[str, Outcome] = {}
    for record in records:
        found.setdefault(record.kind, Outcome()).add(record.outcome)
    return found


def tables(records: Sequence[Record], *, heading: str, kinds: dict[str, Kind] = KINDS) -> str:
    """All tables as Markdown.

    Args:
        records: of finished trials.
        heading: how the campaign was run.
        kinds: in the order of the rows.
    """
    found = totals(records)
    rows = [_row(kinds[name], found[name]) for name in kinds if name in found]
    titles = ["what was tried", "how often", "lost", "paid twice", "sent again", "tracebacks"]
    parts = [heading, _table(titles, rows)]
    where = [[kinds[name].title, _counts(found[name])] for name in kinds if name in found and found[name].counts]
    if where:
        parts.append(_table(["what was tried", "where, and how often"], where))
    if missing := [kinds[name].title for name in kinds if name not in found]:
        parts.append(f"Not tried: {'; '.join(missing)}.")
    if findings := _findings(found):
        parts.append("\n".join(f"- {each}" for each in findings[:_MOST_FINDINGS]))
    return "\n\n".join(parts)


def heading(*, command: str, seed: int, code: str, records: Sequence[Record], workers: int) -> str:
    """Command, machine, date and time of a campaign, as a sentence."""
    minutes = sum(record.seconds for record in records) / 60 / workers
    machine = f"{os.cpu_count()} cores, {_processor()}, {platform.system()}, Python {platform.python_version()}"
    date = datetime.now(UTC).date().isoformat()
    return f"`{command}`, seed {seed}, code {code}, on {machine}, {date}: {minutes:.0f} minutes."


def write_page(page: Path, text: str) -> None:
    """Put the tables into a page, between its two marks.

    Raises:
        ValueError: the page has no marks.
    """
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no marks for the tables")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def _row(kind: Kind, total: Outcome) -> list[str]:
    numbers = (total.tried, len(total.lost), total.paid_twice, total.resent, len(total.tracebacks))
    return [kind.title, *(str(number) for number in numbers)]


def _counts(total: Outcome) -> str:
    return ", ".join(f"{what} {times}" for what, times in sorted(total.counts.items()))


def _findings(found: dict[str, Outcome]) -> list[str]:
    return [
        f"{name}: {' '.join(text.split())}"
        for name, total in found.items()
        for text in dict.fromkeys([*total.lost, *(f"traceback {each}" for each in total.tracebacks)])
    ]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _processor() -> str:
    """The name of the processor, where the system states it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
