"""The thought effect in words: the lines that the closing table and the model card lead with."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.report.arm_accuracy import arm_accuracy
from thoughtrank.report.chance_level import chance_label
from thoughtrank.report.control_variants import control_variants
from thoughtrank.report.labels import (
    ARMS_BESIDE,
    CONTROL_VARIANTS,
    EARLY_STOPPED,
    arm_label,
    control_label,
    side_label,
)
from thoughtrank.report.text_layout import percent

_NEEDS = (
    "it needs training examples, questions with short reference answers, controls=[answers_only], and thought, own_thought and "
    "answer_at_once among evaluation.arms"
)


def effect_line(effect: Mapping[str, Any] | None, *, examples: Sequence[int | None] = ()) -> str:
    """One line: points, interval, p-value, number of questions, and against what; or why it was not measured.

    Args:
        effect: the entry ``thought_effect`` of ``summary.json``.
        examples: of each round but round 0, see ``found_none``.
    """
    if effect is None:
        return f"thought effect: not measured; {why_unmeasured(examples)}"
    return f"thought effect: {effect_figures(effect)}, against {side_label(effect['against'])}"


def why_unmeasured(examples: Sequence[int | None]) -> str:
    """Why a finished run has no thought effect."""
    return "no round found a training example" if found_none(examples) else _NEEDS


def found_none(examples: Sequence[int | None]) -> bool:
    """Whether rounds were trained and none of them found a training example, so that the model is still the base model.

    Args:
        examples: of each round but round 0; None where their number is unknown.
    """
    return bool(examples) and all(each == 0 for each in examples)


def examples_of(rounds: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """The number of training examples of each round but round 0.

    Args:
        rounds: entries of ``summary.json``.
    """
    return [each.get("examples") for each in rounds if each["round"]]


def effect_figures(effect: Mapping[str, Any]) -> str:
    """Points, interval, p-value and number of questions."""
    interval = f"[{effect['low']:+.1f} to {effect['high']:+.1f}]"
    return f"{effect['points']:+.1f} points {interval}, p {p_text(effect['p_value'])}, n = {effect['n']}"


def closing_lines(summary: Mapping[str, Any]) -> list[str]:
    """What the closing table begins with: the effect, the arms and chance beside it, and the controls.

    Args:
        summary: the contents of ``summary.json``; one of an older version has none of these.
    """
    if "thought_effect" not in summary:
        return []
    last = summary["rounds"][-1]
    lines = [effect_line(summary["thought_effect"], examples=examples_of(summary["rounds"]))]
    beside = [*_arm_texts(last.get("arms", {}), names=ARMS_BESIDE), *_chance_texts(last)]
    if beside:
        lines.append(f"round {last['round']}: {', '.join(beside)}")
    for title, figures in control_variants(summary["controls"]).items():
        trained = f"{figures['examples']} examples, {figures['steps']} steps"
        reached = ", ".join(_arm_texts(figures["arms"], names=tuple(figures["arms"])))
        lines.append(f"control {control_label(title)} ({trained}): {reached}")
    variants = summary["controls"].get("answers_only", {}).get("variants", {})
    return [
        *lines,
        *(
            f"{name}: {text}{_kept_text(name, variants[name])}"
            for name, text in CONTROL_VARIANTS.items()
            if name in variants
        ),
    ]


def p_text(p_value: float) -> str:
    """A p-value after the letter: ``= 0.034``, ``< 0.001``."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def chance_text(*, significant: bool) -> str:
    """Whether a difference is significant, for readers who do not know the word."""
    return "unlikely to be chance" if significant else "may be chance"


def _arm_texts(arms: Mapping[str, Mapping[str, Any]], *, names: tuple[str, ...]) -> list[str]:
    return [f"{arm_label(name)} {arm_accuracy(arms, name)}" for name in names if name in arms]


def _chance_texts(entry: Mapping[str, Any]) -> list[str]:
    """The majority baseline; none in a summary of an older version, and without reference answers."""
    chance = entry.get("chance")
    return [] if chance is None else [f"chance ({chance_label(chance)}) {percent(chance['accuracy'])}"]


def _kept_text(variant: str, figures: Mapping[str, Any]) -> str:
    """Which weights early stopping kept; empty for a variant that is trained to its end anyway."""
    step = figures.get("kept_step")
    if step is not None:
        return f"; early stopping kept the weights of step {step}"
    return "; without early stopping" if variant == EARLY_STOPPED else ""
