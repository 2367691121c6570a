"""The results of a run as text: the table printed at the end."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.judging.audit import JudgeAudit
from thoughtrank.records import STAGES
from thoughtrank.report.arm_accuracy import arm_accuracy
from thoughtrank.report.labels import ARM_LABELS, arm_label
from thoughtrank.report.text_layout import dollars, fixed_width, listed_prefixes, percent, wrapped

_LONGEST_PREFIXES = 40
"""Characters in a column; longer lists are lines of their own."""
_SECONDS = dict(zip(STAGES, ("gen", "rank", "gain", "select", "train", "eval"), strict=True))
"""Stage to the header of its seconds."""
_FAMILIES_DIFFER = 0.005
"""From here on the family-macro accuracy says something else than the accuracy."""


def results_table(rounds: Sequence[Mapping[str, Any]]) -> str:
    """One row per round, as fixed-width text: results first, and what they took in a second table where it does not fit beside.

    The best prefixes of a round are a column, or lines below where a column would be too wide.

    Args:
        rounds: entries of ``summary.json``.
    """
    header = ["round", "accuracy", arm_label("room_to_reason"), "unseen families", "thoughts", "examples", "judge"]
    prefixes = {
        entry["round"]: listed_prefixes([each["prefix"] for each in entry["best_prefixes"]]) for entry in rounds
    }
    as_column = max(map(len, prefixes.values())) <= _LONGEST_PREFIXES
    seconds = _seconds(rounds)
    header += [*(["best prefixes"] if as_column else []), seconds[0]]
    rows = [
        [*_results(entry), *([prefixes[entry["round"]] or "–"] if as_column else []), of_round]
        for entry, of_round in zip(rounds, seconds[1:], strict=True)
    ]
    lines = (
        [] if as_column else [f"best prefixes in round {number}: {text}" for number, text in prefixes.items() if text]
    )
    return "\n".join([fixed_width([header, *rows]), *map(wrapped, lines)])


def arms_table(rounds: Sequence[Mapping[str, Any]]) -> str | None:
    """The accuracy of every arm, one column per round; None where there are no arms but the two of the other table.

    Beside the label of an arm stands its name in the config. Below the arm with an edited thought comes the percentage of
    answers that equal the edit; beside the majority of n, the n; beside an arm with fewer questions, their number.

    Args:
        rounds: entries of ``summary.json``; those of older versions have no arms.
    """
    of_rounds = [entry.get("arms", {}) for entry in rounds]
    present = [name for name in ARM_LABELS if any(name in arms for arms in of_rounds)]
    if not set(present) - {"thought", "room_to_reason"}:
        return None
    rows = [["arm", "in the config", *(f"round {entry['round']}" for entry in rounds)]]
    for name in present:
        rows.append([arm_label(name), name, *(_arm_text(arms, name) for arms in of_rounds)])
        follows = [arms.get(name, {}).get("follows") for arms in of_rounds]
        if any(each is not None for each in follows):
            rows.append(["  follows the edit", "", *map(percent, follows)])
    return fixed_width(rows)


def _arm_text(arms: Mapping[str, Mapping[str, Any]], name: str) -> str:
    text, figures = arm_accuracy(arms, name), arms.get(name, {})
    voted = "samples" in figures and figures["accuracy"] is not None
    return f"{text} (n {figures['samples']})" if voted else text


def family_line(rounds: Sequence[Mapping[str, Any]]) -> str | None:
    """The mean over the families of questions by round; None where it is within half a point of the accuracy in all of them.

    Args:
        rounds: entries of ``summary.json``.
    """
    macro = {entry["round"]: entry.get("family_macro_accuracy") for entry in rounds}
    differ = [
        abs(macro[entry["round"]] - entry["accuracy"]) >= _FAMILIES_DIFFER
        for entry in rounds
        if macro[entry["round"]] is not None and entry["accuracy"] is not None
    ]
    if not any(differ):
        return None
    by_round = ", ".join(f"round {number} {percent(value)}" for number, value in macro.items())
    return f"accuracy with equal weight of all families of questions: {by_round}"


def _results(entry: Mapping[str, Any]) -> list[str]:
    return [str(entry["round"]), *metric_cells(entry), f"{entry['judge_tokens']} tok {dollars(entry['judge_cost'])}"]


def _seconds(rounds: Sequence[Mapping[str, Any]]) -> list[str]:
    """The seconds of all stages as one cell for the header and for each round: numbers stand under their names, flush right."""
    columns = [
        [name, *(f"{entry['seconds'].get(stage, 0.0):.0f}" for entry in rounds)] for stage, name in _SECONDS.items()
    ]
    columns[0][0] = f"seconds: {columns[0][0]}"
    padded = [[text.rjust(max(map(len, column))) for text in column] for column in columns]
    return ["  ".join(row) for row in zip(*padded, strict=True)]


def audit_line(rounds: Sequence[Mapping[str, Any]]) -> str | None:
    """The judge audit of the last round that has one; None if no model judged."""
    for entry in reversed(rounds):
        if entry.get("judge_audit"):
            return f"judge in round {entry['round']}: {JudgeAudit(**entry['judge_audit']).line()}"
    return None


def metric_cells(entry: Mapping[str, Any]) -> list[str]:
    """The cells of every results table: three accuracies, the fraction of replies with a thought, and the examples."""
    return [
        accuracy_text(entry, "accuracy", "accuracy"),
        accuracy_text(entry, "direct_accuracy", "direct"),
        accuracy_text(entry, "unseen_accuracy", "unseen"),
        percent(entry["thought_rate"]),
        str(entry["examples"]),
    ]


def accuracy_text(entry: Mapping[str, Any], name: str, bounds: str) -> str:
    """An accuracy and its interval as a cell; ``bounds`` is the prefix of the interval's two fields."""
    if entry[name] is None:
        return "–"
    return f"{percent(entry[name])} [{100 * entry[f'{bounds}_low']:.0f}–{100 * entry[f'{bounds}_high']:.0f}]"
