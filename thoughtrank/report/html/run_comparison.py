"""Several runs side by side: what they varied, their results, and whether the best one is more than chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thoughtrank.evaluation.paired import PairedDifference, holm, paired_difference
from thoughtrank.report.effect_text import p_text
from thoughtrank.report.findings import readings_of
from thoughtrank.report.html.headline import duration_text, total_cost, total_seconds
from thoughtrank.report.html.markup import interval, note, percent, section, table
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.svg import interval_bar

_NOT_SETTINGS = ("run", "runs_dir", "cache_dir", "stop_after", "keep", "logger", "dry_run")
_SIGNIFICANT = 0.05
_NAMED = 4
"""Settings that are named; the config of each run has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One run among the others.

    Attributes:
        run: the run.
        varied: settings that are not the same in all runs.
        accuracy: of its last evaluated round, or None.
        to_best: the best run minus this one, on the questions that both have answered; None for the best itself.
        p_value: of that difference, adjusted for the number of runs (Holm); None for the best itself.
    """

    run: StoredRun
    varied: Mapping[str, object]
    accuracy: float | None
    to_best: PairedDifference | None
    p_value: float | None


def compare_runs(runs: Sequence[StoredRun]) -> list[Standing]:
    """The runs, the most accurate first; those without an accuracy last."""
    settings = [dict(_flat(run.config)) for run in runs]
    names = [
        name
        for name in dict.fromkeys(key for each in settings for key in each)
        if name.partition(".")[0] not in _NOT_SETTINGS
    ]
    varied = [name for name in names if len({repr(each.get(name)) for each in settings}) > 1]
    order = sorted(range(len(runs)), key=lambda index: -_order(_accuracy(runs[index])))
    problems: dict[str, str] = {}
    outcomes = [
        readings_of(runs[index].evaluated[-1].replies, problems=problems).get("thought", {})
        if runs[index].evaluated
        else {}
        for index in order
    ]
    differences = [paired_difference(outcomes[0], each, problems=problems, seed=0) for each in outcomes[1:]]
    adjusted = holm([each.p_value for each in differences])
    return [
        Standing(
            run=runs[index],
            varied={name: settings[index].get(name) for name in varied},
            accuracy=_accuracy(runs[index]),
            to_best=differences[at - 1] if at else None,
            p_value=adjusted[at - 1] if at else None,
        )
        for at, index in enumerate(order)
    ]


def comparison_headline(standings: Sequence[Standing]) -> str:
    """Which run is best, and whether that is more than chance."""
    best, rest = standings[0], standings[1:]
    if best.accuracy is None:
        return f"{len(standings)} runs, none of which has an accuracy yet."
    text = f"Of {len(standings)} runs, {best.run.name} is the most accurate: {percent(best.accuracy)}"
    if best.varied:
        text += f" with {_varied_text(best.varied)}"
    if not any(each.to_best is not None and each.to_best.n for each in rest):
        return (
            f"{text}. The runs have no held-out question in common, so that it cannot be said whether that is chance."
        )
    beaten = [each for each in rest if each.to_best is not None and each.to_best.n and _below(each)]
    if len(beaten) == len(rest):
        return f"{text}. It is better than every other run by more than chance."
    if beaten:
        return f"{text}. It is better than {len(beaten)} of the {len(rest)} others by more than chance."
    return f"{text}. That is not more than chance: no difference to another run is significant."


def comparison_section(standings: Sequence[Standing]) -> str:
    """The runs as one table."""
    rows = []
    for each in standings:
        metrics = each.run.evaluated[-1].metrics if each.run.evaluated else {}
        low, high = metrics.get("accuracy_low"), metrics.get("accuracy_high")
        bar = ""
        if each.accuracy is not None and low is not None and high is not None:
            bar = interval_bar(each.accuracy, low, high, low_end=0.0, high_end=1.0, colour=0)
        effect = each.run.findings["thought_effect"]
        rows.append(
            [
                each.run.name,
                _varied_text(each.varied),
                bar,
                interval(each.accuracy, low, high),
                _difference_text(each),
                "not measured"
                if effect is None
                else f"{effect['points']:+.1f} [{effect['low']:+.1f} to {effect['high']:+.1f}]",
                f"${total_cost(each.run):.2f}, {duration_text(total_seconds(each.run))}",
            ]
        )
    header = [
        "run",
        "varied",
        "0 % to 100 %",
        "accuracy",
        "difference to the best, points",
        "thought effect, points",
        "cost",
    ]
    explained = note(
        "Accuracy of the last round on the held-out questions. The difference to the best run is paired by question; its "
        "p-value is corrected for the number of runs (Holm)."
    )
    return section(
        "comparison", "Runs side by side", explained, table(header, rows, caption="Runs, best first", markup=(2,))
    )


def _difference_text(standing: Standing) -> str:
    if standing.to_best is None or standing.p_value is None:
        return "best"
    if not standing.to_best.n:
        return "no question in common"
    found = standing.to_best
    return f"{-found.points:+.1f} [{-found.high:+.1f} to {-found.low:+.1f}], p {p_text(standing.p_value)}"


def _below(standing: Standing) -> bool:
    return standing.p_value is not None and standing.p_value < _SIGNIFICANT


def _accuracy(run: StoredRun) -> float | None:
    return run.evaluated[-1].metrics.get("accuracy") if run.evaluated else None


def _order(accuracy: float | None) -> float:
    return -1.0 if accuracy is None else accuracy


def _varied_text(varied: Mapping[str, object]) -> str:
    named = [f"{name}={_short(value)}" for name, value in varied.items()]
    more = [f"and {len(named) - _NAMED} more settings"] if len(named) > _NAMED else []
    return ", ".join([*named[:_NAMED], *more]) or "nothing"


def _short(value: object) -> str:
    return str(value).rpartition("thoughtrank.")[2][:60]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
