"""The paired comparisons of a run: the ones that decide what it shows in the open, all of them folded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from thoughtrank.report.effect_text import effect_line, p_text
from thoughtrank.report.html.differences import comparison_of, excludes_zero
from thoughtrank.report.html.markup import details, note, table
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.svg import CHANCE, interval_bar, series_class
from thoughtrank.report.labels import difference_label

_KEY = (
    ("thought", "round 0 thought", "training"),
    ("own_thought", "answer_at_once", "whether an answer at once needs a thought"),
    ("own_thought", "swapped_thought", "whether the thought has to be about the question"),
    ("thought", "room_to_reason", "whether an empty thought does as well"),
)
"""Arm of the last round, what it is compared with, and what the comparison shows."""
_FREE, _FORCED = "free replies, the final answer counts", "answers forced, only the first number or letter counts"
"""What is scored."""


def comparisons_tables(run: StoredRun) -> str:
    """Both tables; where the thought effect was not measured, why."""
    compared = run.findings["comparisons"]
    unmeasured = ""
    if run.findings["thought_effect"] is None and compared and run.finished:
        unmeasured = note(effect_line(None, examples=run.examples))
    if not compared:
        return unmeasured
    widest = max(max(abs(each["low"]), abs(each["high"])) for each in compared) or 1.0
    key = [
        _row(name, each, p_value=p_value, widest=widest, correction=correction)
        for name, each, p_value, correction in _key_comparisons(run)
    ]
    rows = [
        _row(difference_label(each["first"], each["second"]), each, p_value=each["adjusted_p_value"], widest=widest)
        for each in compared
    ]
    explained = note(
        "Paired by question. Grey: not significant (p ≥ 0.05, or the interval includes zero). The p-values are corrected for "
        f"the {len(rows)} comparisons listed below (Holm). Those of the thought effect are not: it is claimed only if each of "
        "its differences shows it. An interval is of its difference alone, so it may exclude zero where the corrected p-value "
        "does not."
    )
    header = ["difference", "", "points", "p", "questions"]
    in_the_open = (
        table(header, key, caption="Key comparisons, in percentage points", markup=(1,), stacked=True) if key else ""
    )
    header[3] = "p (Holm)"
    all_of_them = table(header, rows, caption="Paired differences in percentage points", markup=(1,), stacked=True)
    return f"{unmeasured}<h4>Comparisons</h4>{explained}{in_the_open}{details(f'All {len(rows)} comparisons', all_of_them)}"


def _key_comparisons(run: StoredRun) -> Iterator[tuple[str, Mapping[str, Any], float, str]]:
    """What each is, its figures, its p-value, and how that is corrected."""
    for number, (first, second, text) in enumerate(_KEY):
        if (each := comparison_of(run, first, second)) is not None:
            scored = _FREE if first == "thought" else _FORCED
            name = difference_label(each["first"], each["second"])
            yield f"{name} ({text}; {scored})", each, each["adjusted_p_value"], "Holm"
        if number == 0:
            yield from _effect_parts(run)


def _effect_parts(run: StoredRun) -> Iterator[tuple[str, Mapping[str, Any], float, str]]:
    parts: Sequence[Mapping[str, Any]] = (run.findings["thought_effect"] or {}).get("parts", ())
    for part in parts:
        scored = _FREE if part["arm"] == "thought" else _FORCED
        name = difference_label(part["arm"], part["against"])
        yield f"{name} (thought effect; {scored})", part, part["p_value"], "uncorrected"


def _row(
    name: str, each: Mapping[str, Any], *, p_value: float, widest: float, correction: str | None = None
) -> list[str]:
    """A row of a table; ``correction`` stands beside the p-value."""
    low, high = each["low"], each["high"]
    look = series_class(0) if excludes_zero({**each, "p_value": p_value}) else CHANCE
    return [
        name,
        interval_bar(each["points"], low, high, low_end=-widest, high_end=widest, look=look, zero=True),
        f"{each['points']:+.1f} [{low:+.1f} to {high:+.1f}]",
        p_text(p_value).removeprefix("= ") + (f" ({correction})" if correction else ""),
        str(each["n"]),
    ]
