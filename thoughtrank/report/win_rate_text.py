"""Judged win rates in words: the table at the end of a run, and the lines of the model card."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.report.effect_text import p_text
from thoughtrank.report.results_table import fixed_width, percent


def win_rate_table(rounds: Sequence[Mapping[str, Any]]) -> str | None:
    """One row per comparison of each round, as fixed-width text; None where no replies were compared.

    Args:
        rounds: entries of ``summary.json``; those of older versions have no win rates.
    """
    rows = [
        [f"{entry['round']}", compared_text(name), *_cells(figures)]
        for entry in rounds
        for name, figures in entry.get("win_rates", {}).items()
    ]
    if not rows:
        return None
    return fixed_width([["round", "compared", "wins", "length-controlled", "p", "questions", "judge"], *rows])


def win_rate_lines(rounds: Sequence[Mapping[str, Any]], *, judge: str) -> list[str]:
    """One sentence for each comparison of the last round; none without any.

    Args:
        rounds: entries of ``summary.json``.
        judge: who compared.
    """
    last = rounds[-1]
    return [
        f"In round {last['round']}, {judge} prefers {compared_text(name)} in {_interval(figures)} of {figures['n']} questions "
        f"(blind, in both orders, a tie counts one half), or {percent(figures['length_controlled'])} at equal lengths; "
        f"p {p_text(figures['p_value'])}."
        for name, figures in last.get("win_rates", {}).items()
    ]


def compared_text(comparison: str) -> str:
    """A comparison such as ``thought_vs_round_0`` in words."""
    arm, _, against = comparison.partition("_vs_")
    return f"{arm} to {against.replace('round_0', 'that of round 0')}"


def _cells(figures: Mapping[str, Any]) -> list[str]:
    judge = f"{figures['judge_tokens']} tok ${figures['judge_cost']:.2f}"
    n = f"{figures['n']}" + (f" ({figures['unjudged']} without a verdict)" if figures["unjudged"] else "")
    return [_interval(figures), percent(figures["length_controlled"]), p_text(figures["p_value"]), n, judge]


def _interval(figures: Mapping[str, Any]) -> str:
    if figures["win_rate"] is None:
        return "–"
    return f"{percent(figures['win_rate'])} [{100 * figures['low']:.0f}–{100 * figures['high']:.0f}]"
