"""The results of a run as text: the table printed at the end."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.judging.audit import JudgeAudit
from thoughtrank.records import STAGES


def results_table(rounds: Sequence[Mapping[str, Any]]) -> str:
    """One row per round, as fixed-width text.

    Args:
        rounds: entries of ``summary.json``.
    """
    header = ["round", "accuracy", "direct", "unseen families", "thoughts", "examples", "judge", "best prefixes"]
    return fixed_width([[*header, "seconds: gen rank select train eval"], *(_row(entry) for entry in rounds)])


def _row(entry: Mapping[str, Any]) -> list[str]:
    return [
        str(entry["round"]),
        *metric_cells(entry),
        f"{entry['judge_tokens']} tok ${entry['judge_cost']:.2f}",
        " ".join(each["prefix"] for each in entry["best_prefixes"]) or "–",
        " ".join(f"{entry['seconds'][stage]:.0f}" for stage in STAGES),
    ]


def audit_line(rounds: Sequence[Mapping[str, Any]]) -> str | None:
    """The judge audit of the last round that has one; None if no model judged."""
    for entry in reversed(rounds):
        if entry.get("judge_audit"):
            return f"judge in round {entry['round']}: {JudgeAudit(**entry['judge_audit']).line()}"
    return None


def fixed_width(rows: Sequence[Sequence[str]]) -> str:
    """A table as text, its columns as wide as their widest cell; the first row is the header."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def metric_cells(entry: Mapping[str, Any]) -> list[str]:
    """The cells of every results table: three accuracies, the fraction of replies with a thought, and the examples."""
    return [
        accuracy_text(entry, "accuracy", "accuracy"),
        accuracy_text(entry, "direct_accuracy", "direct"),
        accuracy_text(entry, "unseen_accuracy", "unseen"),
        percent(entry["thought_rate"]),
        str(entry["examples"]),
    ]


def accuracy_text(entry: Mapping[str, Any], name: str, bounds: str) -> str:
    """An accuracy and its interval as a cell; ``bounds`` is the prefix of the interval's two fields."""
    if entry[name] is None:
        return "–"
    return f"{percent(entry[name])} [{100 * entry[f'{bounds}_low']:.0f}–{100 * entry[f'{bounds}_high']:.0f}]"


def percent(value: float | None) -> str:
    """A fraction as text."""
    return "–" if value is None else f"{100 * value:.1f} %"
