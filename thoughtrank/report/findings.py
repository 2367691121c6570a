"""What the replies of a finished run show: the thought effect, the controls, and the other comparisons."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, overload

from thoughtrank.controls.result import ControlResult
from thoughtrank.evaluation.comparisons import Comparison, comparisons
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.thought_effect import Part, Readings, ThoughtEffect, thought_effect
from thoughtrank.report.control_variants import control_variants
from thoughtrank.storage.tables import TableRows

_DIGITS = 2
"""Of percentage points in ``summary.json``."""
_MACRO = "family_macro_accuracy"
"""Older metrics, and older summaries of controls, do not have it."""


def find(*, rounds: Sequence[Path], controls: Sequence[ControlResult], seed: int) -> dict[str, Any]:
    """The entries ``thought_effect``, ``controls`` and ``comparisons`` of ``summary.json``.

    Args:
        rounds: folders of the tables of replies, round 0 first.
        controls: the finished ones.
        seed: of the bootstrap.
    """
    problems: dict[str, str] = {}
    of_rounds = [readings(folder, problems=problems) for folder in rounds]
    of_controls = {each.title: readings(each.replies, problems=problems) for each in controls}
    answers_only = {each.variant or "": of_controls[each.title] for each in controls if each.name == "answers_only"}
    effect = thought_effect(of_rounds[-1], answers_only, problems=problems, seed=seed)
    compared = comparisons(of_rounds, of_controls, problems=problems, seed=seed)
    return {
        "thought_effect": None if effect is None else _effect_entry(effect),
        "controls": control_entries(controls),
        "comparisons": comparison_entries(compared),
    }


def comparison_entries(compared: Sequence[Comparison]) -> list[dict[str, Any]]:
    """The entry ``comparisons`` of ``summary.json``."""
    return [rounded(_flat(each)) for each in compared]


def readings(folder: Path, *, problems: dict[str, str]) -> Readings:
    """The outcomes of a table of replies by arm, for test questions of trained families with a reference answer.

    Args:
        folder: of the table.
        problems: question id to problem; those of this table are added.
    """
    return readings_of(TableRows(folder, HeldOutReply), problems=problems)


def readings_of(replies: Iterable[HeldOutReply], *, problems: dict[str, str]) -> Readings:
    """The same of rows that are read already."""
    by_arm: dict[str, dict[str, bool]] = defaultdict(dict)
    for reply in replies:
        if reply.right is None or reply.unseen or reply.split != "test":
            continue
        by_arm[reply.arm][reply.question_id] = reply.right
        if reply.problem is not None:
            problems[reply.question_id] = reply.problem
    return dict(by_arm)


def control_entries(controls: Sequence[ControlResult]) -> dict[str, dict[str, Any]]:
    """The figures of each control by its name.

    A control with several variants has the figures of the more accurate one, its name as ``variant``, and those of each under
    ``variants``.
    """
    entries: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(each.name for each in controls):
        of_name = [each for each in controls if each.name == name]
        best = max(of_name, key=lambda each: each.metrics["accuracy"] or 0.0)
        entries[name] = _figures(best)
        if best.variant is not None:
            variants = {each.variant: _figures(each) for each in of_name}
            entries[name] = {"variant": best.variant, **entries[name], "variants": variants}
    return entries


def finding_scalars(findings: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of thought effect and controls, flat, for loggers: ``thought_effect_points`` and so on."""
    effect = findings["thought_effect"] or {}
    flat = {f"thought_effect_{name}": effect[name] for name in ("points", "low", "high", "p_value", "n") if effect}
    for title, figures in control_variants(findings["controls"]).items():
        where = f"control_{title.replace('/', '_')}"
        flat |= {
            f"{where}_{figure}": figures[figure] for figure in ("accuracy", "unseen_accuracy", "examples", "steps")
        }
        flat |= {f"{where}_{_MACRO}": figures[_MACRO]} if _MACRO in figures else {}
        flat |= {f"{where}_{arm}": values["accuracy"] for arm, values in figures["arms"].items()}
        flat |= {
            f"{where}_{comparison}_{figure}": values[figure]
            for comparison, values in figures.get("win_rates", {}).items()
            for figure in ("win_rate", "length_controlled", "n")
        }
    return flat


def _figures(control: ControlResult) -> dict[str, Any]:
    metrics, training = control.metrics, control.training
    return {
        "round": control.round_number,
        "n": metrics["n"],
        "accuracy": metrics["accuracy"],
        "low": metrics["accuracy_low"],
        "high": metrics["accuracy_high"],
        **({_MACRO: metrics[_MACRO]} if _MACRO in metrics else {}),
        "unseen_accuracy": metrics["unseen_accuracy"],
        "arms": metrics["arms"],
        "examples": control.examples,
        "steps": training["steps"],
        "kept_step": training.get("kept_step"),
        "seconds": round(control.seconds, 1),
        "judge_tokens": control.judge_tokens,
        "judge_cost": control.judge_cost,
        "win_rates": dict(control.win_rates),
    }


def _effect_entry(effect: ThoughtEffect) -> dict[str, Any]:
    entry = {**asdict(effect), "parts": [rounded(_flat(part)) for part in effect.parts]}
    return rounded(entry)


def _flat(compared: Comparison | Part) -> dict[str, Any]:
    """A record with the fields of its difference among its own."""
    entry = asdict(compared)
    difference = entry.pop("difference")
    return {**entry, **difference}


@overload
def rounded(entry: Mapping[str, Any]) -> dict[str, Any]: ...
@overload
def rounded(entry: None) -> None: ...
def rounded(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A difference with its percentage points rounded; None where there is none."""
    if entry is None:
        return None
    return {
        name: round(value, _DIGITS) if name in ("points", "low", "high") else value for name, value in entry.items()
    }
