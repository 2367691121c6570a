"""What happened in each round of a study's settings, and the arms of their first and last rounds and of their controls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from thoughtrank.evaluation.statistics import mean
from thoughtrank.report.control_variants import control_variants
from thoughtrank.report.labels import ARM_LABELS, arm_label, control_label
from thoughtrank.report.study.kept_runs import StudyRun
from thoughtrank.report.study.markdown import DASH, markdown_table, spread
from thoughtrank.report.text_layout import percent

_Entry = Mapping[str, Any]
_COUNTED = {
    "questions": "questions",
    "candidates": "n",
    "tokens": "tokens",
    "distinct answers": "distinct_answers",
    "decided": "decided",
    "genuine": "genuine",
    "genuine thoughts": "genuine_thoughts",
    "mean gain": "mean_gain",
}
"""Column to the figure of a round's candidates."""
_PER_TOKEN = "genuine per million tokens"
_FRACTIONAL = ("distinct answers", "mean gain")
_STAGES = ("generation", "gains", "training", "evaluation")


def rounds_table(groups: Mapping[str, Sequence[StudyRun]]) -> str:
    """One row per setting and round, means over seeds; a figure that a run lacks is a dash."""
    rows = []
    for name, runs in groups.items():
        for number in sorted({entry["round"] for run in runs for entry in run.rounds}):
            entries = [entry for run in runs for entry in run.rounds if entry["round"] == number]
            accuracy = percent(_mean(entries, lambda entry: entry.get("accuracy")))
            development = percent(_mean(entries, lambda entry: entry.get("development_accuracy")))
            macro = percent(_mean(entries, lambda entry: entry.get("family_macro_accuracy")))
            cells = {"setting": f"`{name}`", "round": str(number), "accuracy": accuracy, "family-macro": macro}
            cells["development"] = development
            for title in _figures(entries[0]):
                value = _mean(entries, lambda entry, title=title: _figures(entry).get(title))  # type: ignore[misc]
                cells[title] = _number(value, fractional=title in _FRACTIONAL)
            rows.append(cells)
    return markdown_table(rows)


def _figures(entry: _Entry) -> dict[str, float | None]:
    """The figures of a round by their columns; a summary of an older version does not count the candidates."""
    counted, screening = entry.get("candidates") or {}, entry.get("screening") or {}
    has_candidates = bool(counted.get("n"))
    return {
        "screened": screening.get("screened"),
        **{title: counted.get(name) if has_candidates else None for title, name in _COUNTED.items()},
        _PER_TOKEN: None if screening else _per_million(counted.get("genuine"), counted.get("tokens")),
        "examples": entry.get("examples"),
        "steps": entry.get("training_steps"),
        "screening s": screening.get("seconds"),
        **{f"{stage} s": entry["seconds"].get(stage) for stage in _STAGES},
    }


def _per_million(count: float | None, tokens: float | None) -> float | None:
    return None if count is None or not tokens else 1_000_000 * count / tokens


def _mean(entries: Sequence[_Entry], figure: Callable[[_Entry], float | None]) -> float | None:
    """The mean of a figure over runs; None where a run lacks it."""
    values = [figure(entry) for entry in entries]
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else None


def _number(value: float | None, *, fractional: bool) -> str:
    if value is None:
        return DASH
    return f"{value:.2f}" if fractional else f"{value:,.0f}"


def arms_table(groups: Mapping[str, Sequence[StudyRun]]) -> str:
    """One row per setting and model: round 0, the last round, and each variant of each control."""
    rows = []
    for name, runs in groups.items():
        models: dict[str, list[_Entry]] = {}
        for run in runs:
            for model, arms in _models(run):
                models.setdefault(model, []).append(arms)
        for model, of_runs in models.items():
            present = [arm for arm in ARM_LABELS if any(arm in arms for arms in of_runs)]
            cells = {"setting": f"`{name}`", "model": model}
            cells |= {arm_label(arm): spread([_figure(arms, arm, "accuracy") for arms in of_runs]) for arm in present}
            cells["follows"] = spread([_figure(arms, "edited_thought", "follows") for arms in of_runs])
            rows.append(cells)
    return markdown_table(rows)


def _models(run: StudyRun) -> Iterator[tuple[str, _Entry]]:
    """Name and arms of each model."""
    first, last = run.rounds[0], run.rounds[-1]
    yield "round 0", first.get("arms", {})
    yield f"round {last['round']}", last.get("arms", {})
    for title, figures in control_variants(run.summary.get("controls", {})).items():
        yield control_label(title), figures["arms"]


def _figure(arms: _Entry, arm: str, name: str) -> float | None:
    value: float | None = arms.get(arm, {}).get(name)
    return value


def families_table(groups: Mapping[str, Sequence[StudyRun]]) -> str:
    """One row per family of questions: right answers of the last round under the chat prompt, a column for each setting.

    Empty where the summaries do not have them.
    """
    lasts = {name: [run.rounds[-1].get("families", {}) for run in runs] for name, runs in groups.items()}
    names = dict.fromkeys(family for of_runs in lasts.values() for families in of_runs for family in families)
    rows = [
        {
            "family": family,
            "questions": str(max(each.get(family, {}).get("n", 0) for of_runs in lasts.values() for each in of_runs)),
            **{f"`{name}`": spread([_right(each.get(family)) for each in of_runs]) for name, of_runs in lasts.items()},
        }
        for family in names
    ]
    return markdown_table(rows) if rows else ""


def _right(counted: _Entry | None) -> float | None:
    return counted["right"] / counted["n"] if counted and counted["n"] else None
