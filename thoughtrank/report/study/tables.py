"""The results of a study as tables in Markdown: settings over their seeds, rounds, and runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.report.effect_text import effect_figures, p_text
from thoughtrank.report.labels import ARMS_BESIDE, arm_label, control_label
from thoughtrank.report.study.kept_runs import StudyRun, seed_group
from thoughtrank.report.study.markdown import DASH, markdown_table, spread_text
from thoughtrank.report.study.prefix_tables import prefix_section
from thoughtrank.report.study.prefix_wins import read_prefix_wins
from thoughtrank.report.study.round_tables import arms_table, families_table, rounds_table
from thoughtrank.report.text_layout import percent


def study_tables(groups: Mapping[str, Sequence[StudyRun]], compared: Mapping[str, Any]) -> str:
    """The text of ``results.md``.

    Args:
        groups: setting to its runs.
        compared: the contents of ``comparison.json``; empty where the replies of all runs were never there.
    """
    parts = [
        "# Results",
        "Written by `make figures` from the summaries in this folder; [the method](../../docs/method.md) explains each figure.",
        "## Settings",
        "Mean over seeds, and in parentheses the range. Figures are those of the last round on test questions.",
        _settings_table(groups, compared),
        "## Rounds",
        "Means over seeds. *Family-macro*: the mean of the accuracies of the families, each with the same weight; "
        "*development*: accuracy on development questions; *decided*: questions in which some answer is "
        "better than another; *genuine*: those with a best answer after a thought of positive gain; tokens are those of the "
        "candidates; seconds (s) are those of the machine that ran it.",
        rounds_table(groups),
        *_earlier_rounds(compared),
        "## Arms and controls",
        "Right answers to the test questions in each arm: mean over seeds, and in parentheses the range. *Follows*: answers "
        "that equal the number put into the thought.",
        arms_table(groups),
        "## Runs",
        _runs_table(groups),
    ]
    if families := families_table(groups):
        note = "Right answers of the last round under the chat prompt, by family; unseen families too."
        parts += ["## Families", note, families]
    first = next(iter(groups))
    if prefixes := prefix_section(first, read_prefix_wins(groups[first])):
        parts.append(prefixes)
    return "\n\n".join(parts) + "\n"


def _settings_table(groups: Mapping[str, Sequence[StudyRun]], compared: Mapping[str, Any]) -> str:
    rows = [_setting_cells(name, runs, compared) for name, runs in groups.items()]
    return markdown_table(rows)


def _setting_cells(name: str, runs: Sequence[StudyRun], compared: Mapping[str, Any]) -> dict[str, str]:
    figures = seed_group(name, runs).row()
    found = compared.get("settings", {}).get(name, {})
    cells = {"setting": f"`{name}`", "seeds": str(len(runs)), "accuracy": _spread_of(figures, "accuracy")}
    for arm in ARMS_BESIDE:
        if f"{arm}_accuracy_mean" in figures:
            cells[arm_label(arm)] = _spread_of(figures, f"{arm}_accuracy")
    if "answers_only_accuracy_mean" in figures:
        cells[control_label("answers_only")] = _spread_of(figures, "answers_only_accuracy")
    cells["unseen families"] = _spread_of(figures, "unseen_accuracy")
    if effect := found.get("thought_effect"):
        cells["thought effect"] = effect_figures(effect)
    elif "thought_effect_mean" in figures:
        low, high = figures["thought_effect_min"], figures["thought_effect_max"]
        cells["thought effect"] = f"{figures['thought_effect_mean']:+.1f} points ({low:+.1f} to {high:+.1f})"
    if compared:
        column = f"accuracy against {compared['baseline']}, points"
        cells[column] = _difference(found.get("difference"))
    return cells


def _spread_of(figures: Mapping[str, Any], name: str) -> str:
    middle, low, high = (figures.get(f"{name}_{each}") for each in ("mean", "min", "max"))
    return DASH if middle is None or low is None or high is None else spread_text(middle, low, high)


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return DASH
    interval = f"[{found['low']:+.1f} to {found['high']:+.1f}]"
    return f"{found['points']:+.1f} {interval}, p {p_text(found['adjusted_p_value'])}, n = {found['n']}"


def _earlier_rounds(compared: Mapping[str, Any]) -> list[str]:
    """Paragraphs with the differences before the last rounds; none where no two settings have such a round."""
    rows = [
        {"setting": f"`{name}`", **{f"round {number}": _difference(each) for number, each in found.items()}}
        for name, entry in compared.get("settings", {}).items()
        if (found := entry.get("earlier_rounds"))
    ]
    if not rows:
        return []
    text = f"Accuracy against {compared['baseline']} after the same round, in points, for rounds before the last one:"
    return [text, markdown_table(rows)]


def _runs_table(groups: Mapping[str, Sequence[StudyRun]]) -> str:
    rows = []
    for name, runs in groups.items():
        for run in runs:
            last, effect = run.rounds[-1], run.summary.get("thought_effect")
            low, high = last.get("accuracy_low"), last.get("accuracy_high")
            interval = "" if low is None or high is None else f" [{100 * low:.0f}–{100 * high:.0f}]"
            seconds = sum(sum(entry["seconds"].values()) for entry in run.rounds)
            rows.append(
                {
                    "setting": f"`{name}`",
                    "seed": run.seed,
                    "rounds": str(last["round"]),
                    "n": str(last.get("n", DASH)),
                    "accuracy": f"{percent(last.get('accuracy'))}{interval}",
                    "thought effect": DASH if effect is None else effect_figures(effect),
                    "minutes of rounds": f"{seconds / 60:.1f}",
                }
            )
    return markdown_table(rows)
