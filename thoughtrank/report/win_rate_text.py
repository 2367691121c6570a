"""Judged win rates in words: the table at the end of a run, and the lines of the model card."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.report.effect_text import p_text
from thoughtrank.report.labels import arm_label, control_label, of_control
from thoughtrank.report.text_layout import dollars, fixed_width, percent
from thoughtrank.report.win_rate_chance import all_win_rates, corrected_p_values


def win_rate_table(
    rounds: Sequence[Mapping[str, Any]], *, controls: Mapping[str, Mapping[str, Any]] | None = None
) -> str | None:
    """One row per comparison of each round and of each control, as fixed-width text; None where no replies were compared.

    Args:
        rounds: entries of ``summary.json``; those of older versions have no win rates.
        controls: the entries of the controls.
    """
    found = all_win_rates(rounds, controls or {})
    if not found:
        return None
    p_values = corrected_p_values(found)
    rows = [
        [
            f"{number}",
            ("" if control is None else f"{control_label(control)}: ") + versus_text(name),
            *_cells(figures, p_value=p_values.get((number, control, name))),
        ]
        for (number, control, name), figures in found.items()
    ]
    return fixed_width([["round", "compared", "wins", "length-controlled", "p (Holm)", "judged", "cost"], *rows])


def win_rate_lines(
    rounds: Sequence[Mapping[str, Any]], *, controls: Mapping[str, Mapping[str, Any]], judge: str
) -> list[str]:
    """One sentence for each comparison of the last round and of the controls; none without any.

    Args:
        rounds: entries of ``summary.json``.
        controls: the entries of the controls.
        judge: who compared.
    """
    found = all_win_rates(rounds, controls)
    p_values = corrected_p_values(found)
    return [
        f"In round {number}, {judge} prefers {compared_text(name, control=control)} in {interval_text(figures)} of "
        f"{figures['n']} questions (blind, in both orders, a tie counts one half), or {percent(figures['length_controlled'])} "
        f"at equal lengths; p {p_text(p_values.get((number, control, name), 1.0))}, corrected for all win rates of the run "
        "(Holm)."
        for (number, control, name), figures in found.items()
        if control is not None or number == rounds[-1]["round"]
    ]


def versus_text(comparison: str) -> str:
    """A comparison such as ``thought_vs_round_0`` as ``free reply vs round 0``."""
    return _compared(comparison, between=" vs ", base="round 0")


def compared_text(comparison: str, *, control: str | None = None) -> str:
    """A comparison such as ``thought_vs_round_0`` in words.

    Args:
        comparison: its name.
        control: title of the control whose reply is the first; None for that of a round.
    """
    return _compared(comparison, between=f"{of_control('', control)} to ", base="that of round 0")


def _compared(comparison: str, *, between: str, base: str) -> str:
    arm, _, against = comparison.partition("_vs_")
    return f"{arm_label(arm)}{between}{base if against == 'round_0' else arm_label(against)}"


def _cells(figures: Mapping[str, Any], *, p_value: float | None) -> list[str]:
    n = f"{figures['n']}" + (f" of {figures['n'] + figures['unjudged']}" if figures["unjudged"] else "")
    chance = "–" if p_value is None else p_text(p_value)
    return [interval_text(figures), percent(figures["length_controlled"]), chance, n, dollars(figures["judge_cost"])]


def interval_text(figures: Mapping[str, Any]) -> str:
    """A win rate and its interval; a dash without a verdict."""
    if figures["win_rate"] is None:
        return "–"
    return f"{percent(figures['win_rate'])} [{100 * figures['low']:.0f}–{100 * figures['high']:.0f}]"
