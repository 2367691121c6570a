"""Judged win rates as a table of the report: how often a judge prefers one of two replies."""

from collections.abc import Sequence

from thoughtrank.report.effect_text import p_text
from thoughtrank.report.html.differences import SIGNIFICANT
from thoughtrank.report.html.held_out_tables import StoredComparison
from thoughtrank.report.html.markup import interval, note, table
from thoughtrank.report.html.svg import CHANCE, interval_bar, series_class
from thoughtrank.report.labels import control_label
from thoughtrank.report.text_layout import percent
from thoughtrank.report.win_rate_chance import WinRateKey, corrected_p_values
from thoughtrank.report.win_rate_text import compared_text


def win_rates(judged: Sequence[StoredComparison]) -> str:
    """One row per comparison of each round and of its controls."""
    p_values = corrected_p_values({_key(each): each.figures for each in judged})
    rows = [_row(each, p_value=p_values.get(_key(each))) for each in judged]
    header = ["", "0 % to 100 %", "wins", "at equal lengths", "p (Holm)", "questions"]
    return (
        "<h4>Judged win rates</h4>"
        + note(
            "How often the judge prefers the first reply, blind and in both orders; a tie counts one half, so 50 % is no "
            "difference. At equal lengths: what a regression predicts for two replies of the same length. The p-values are "
            "corrected for all win rates of the run (Holm). Grey: not significant (p ≥ 0.05, or the interval includes 50 %)."
        )
        + table(header, rows, caption="Win rates of the first reply, with 95 % intervals", markup=(1,), stacked=True)
    )


def _key(judged: StoredComparison) -> WinRateKey:
    return judged.round_number, judged.control, judged.name


def _row(judged: StoredComparison, *, p_value: float | None) -> list[str]:
    figures = judged.figures
    rate, low, high = (figures.get(name) for name in ("win_rate", "low", "high"))
    of_control = "" if judged.control is None else f", control {control_label(judged.control)}"
    name = f"round {judged.round_number}{of_control}: {compared_text(judged.name)}"
    if rate is None or low is None or high is None or p_value is None:
        return [name, "", "–", "–", "–", "0"]
    look = series_class(0) if (low > 0.5 or high < 0.5) and p_value < SIGNIFICANT else CHANCE
    unjudged = figures.get("unjudged") or 0
    return [
        name,
        interval_bar(rate, low, high, low_end=0.0, high_end=1.0, look=look),
        interval(rate, low, high),
        percent(figures.get("length_controlled")),
        p_text(p_value).removeprefix("= "),
        f"{figures['n']}" + (f" ({unjudged} without a verdict)" if unjudged else ""),
    ]
