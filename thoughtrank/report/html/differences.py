"""The paired differences of a run: which there are, whether one may be chance, and how they are written."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.report.effect_text import p_text
from thoughtrank.report.html.stored_run import StoredRun

SIGNIFICANT = 0.05
"""A p-value below it is unlikely to be chance."""


def change_over_rounds(run: StoredRun) -> Mapping[str, Any] | None:
    """The comparison of the last round with the base model; None before a round is evaluated.

    Its p-value is the one that is corrected for all comparisons of the run.
    """
    compared = comparison_of(run, "thought", "round 0 thought")
    return None if compared is None else {**compared, "p_value": compared["adjusted_p_value"]}


def comparison_of(run: StoredRun, first: str, second: str) -> Mapping[str, Any] | None:
    """One of the comparisons; None where it was not made.

    Args:
        run: the run.
        first: arm of the last evaluated round.
        second: another arm of that round, or a round and its arm, such as ``round 0 thought``.
    """
    if not run.evaluated:
        return None
    last = f"round {run.evaluated[-1].number}"
    sides = (f"{last} {first}", second if " " in second else f"{last} {second}")
    found = [each for each in run.findings["comparisons"] if (each["first"], each["second"]) == sides]
    return found[0] if found else None


def excludes_zero(compared: Mapping[str, Any]) -> bool:
    """Whether an interval is above or below zero, and the p-value says the same."""
    return (compared["low"] > 0 or compared["high"] < 0) and compared["p_value"] < SIGNIFICANT


def points_text(compared: Mapping[str, Any], *, corrected: bool = False) -> str:
    """A difference with its interval and p-value.

    Args:
        compared: the difference.
        corrected: whether its p-value is corrected for all comparisons of the run.
    """
    interval = f"95 % interval {compared['low']:+.1f} to {compared['high']:+.1f}"
    name = "corrected p" if corrected else "p"
    return f"{compared['points']:+.1f} points ({interval}, {name} {p_text(compared['p_value'])})"
