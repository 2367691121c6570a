"""One line about a finished round, which is printed as soon as its figures are known."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.report.html.totals import duration_text
from thoughtrank.report.results_table import accuracy_text
from thoughtrank.report.text_layout import dollars, percent, wrapped
from thoughtrank.report.win_rate_text import interval_text


def round_line(entry: Mapping[str, Any], *, base: Mapping[str, Any]) -> str:
    """Accuracy with its interval and its change, thoughts, examples, cost and time.

    Args:
        entry: of ``summary.json``.
        base: the entry of round 0.
    """
    parts = [*_results(entry, base=base), f"thoughts in {percent(entry['thought_rate'])}"]
    if entry["round"]:
        parts.append(f"{entry['examples']} examples")
    if entry["judge_cost"] is None:
        parts.append(f"judge {entry['judge_tokens']:,} tokens of unknown price")
    elif entry["judge_cost"]:
        parts.append(f"judge {dollars(entry['judge_cost'])}")
    parts.append(duration_text(sum(entry["seconds"].values())))
    return wrapped(f"round {entry['round']}: {', '.join(parts)}")


def _results(entry: Mapping[str, Any], *, base: Mapping[str, Any]) -> list[str]:
    """The accuracy; where there is none, the judged win rate against round 0, if there is one."""
    if entry["accuracy"] is None:
        against_base = entry.get("win_rates", {}).get("thought_vs_round_0")
        return [f"preferred to round 0 in {interval_text(against_base)}"] if against_base else []
    text = f"{accuracy_text(entry, 'accuracy', 'accuracy')} right"
    if not entry["round"] or base["accuracy"] is None:
        return [text]
    return [f"{text} ({100 * (entry['accuracy'] - base['accuracy']):+.1f} since round 0)"]
