"""The p-values of a run's judged win rates, corrected for their number (Holm)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.evaluation.paired import holm
from thoughtrank.report.control_variants import control_variants

WinRateKey = tuple[int, str | None, str]
"""Number of the round, title of the control such as ``answers_only/pairs`` or None, and the comparison."""


def all_win_rates(
    rounds: Sequence[Mapping[str, Any]], controls: Mapping[str, Mapping[str, Any]]
) -> dict[WinRateKey, Mapping[str, Any]]:
    """The figures of every win rate of a run, those of its rounds first.

    Args:
        rounds: entries of ``summary.json``; those of older versions have no win rates.
        controls: the entries of the controls.
    """
    entries = [(entry, None) for entry in rounds] + [
        (entry, title) for title, entry in control_variants(controls).items()
    ]
    return {
        (entry["round"], title, name): figures
        for entry, title in entries
        for name, figures in entry.get("win_rates", {}).items()
    }


def corrected_p_values(win_rates: Mapping[WinRateKey, Mapping[str, Any]]) -> dict[WinRateKey, float]:
    """The p-values after Holm's correction for all of them; those without a verdict are left out.

    Args:
        win_rates: all of a run.
    """
    tested = {key: figures["p_value"] for key, figures in win_rates.items() if figures.get("win_rate") is not None}
    return dict(zip(tested, holm(list(tested.values())), strict=True))
