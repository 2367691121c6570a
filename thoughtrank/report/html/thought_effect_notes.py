"""What the thought effect is measured against, in words."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.report.effect_text import chance_text
from thoughtrank.report.html.differences import excludes_zero, points_text
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.labels import CONTROL_VARIANTS, control_label, side_label

_ROUNDING = 0.05
"""Points by which two accuracies may miss their paired difference."""


def against(run: StoredRun) -> tuple[str, str] | None:
    """Title and arm of the control that the thought effect is measured against; None where there is no effect."""
    effect = run.findings["thought_effect"]
    if effect is None:
        return None
    title, _, arm = effect["against"].rpartition(" ")
    return title, arm


def reached_without(run: StoredRun) -> float | None:
    """Accuracy of the control that the thought effect is measured against; None where there is none."""
    title, _, arm = run.findings["thought_effect"].get("against", "").rpartition(" ")
    accuracy: float | None = run.controls.get(title, {}).get("arms", {}).get(arm, {}).get("accuracy")
    return accuracy


def effect_sides(run: StoredRun) -> tuple[float, float] | None:
    """Accuracy of the control and of the run, whose difference is the effect; None where it is not, or one is missing."""
    effect = run.findings["thought_effect"]
    if effect is None or "against" not in effect or not run.evaluated:
        return None
    arms = [part["arm"] for part in effect.get("parts", ()) if part.get("against") == effect["against"]]
    own = run.evaluated[-1].metrics.get("arms", {}).get(arms[0], {}).get("accuracy") if arms else None
    control = reached_without(run)
    if own is None or control is None or abs(100 * (own - control) - effect["points"]) > _ROUNDING:
        return None
    return control, own


def effect_note(run: StoredRun) -> str | None:
    """The effect, its control, and what the variants of the control are; None where there is no effect."""
    effect, compared = run.findings["thought_effect"], against(run)
    if effect is None or compared is None:
        return None
    variants = [f"{name} ({text})" for name, text in CONTROL_VARIANTS.items() if name in _variants(run)]
    trained = f", trained in {len(variants)} variants: {' and '.join(variants)}" if variants else ""
    clear = chance_text(significant=excludes_zero(effect))
    count = len(effect["parts"])
    smallest = (
        f", the smallest of {count} differences to this control, with the largest of their p-values"
        if count > 1
        else ""
    )
    return (
        f"Thought effect: {points_text(effect)}, {clear}. The control “{control_label('answers_only')}” has the same answers "
        f"as training examples, each with an empty thought{trained}. The effect is the difference to "
        f"“{side_label(' '.join(compared))}”{smallest}."
    )


def _variants(run: StoredRun) -> Mapping[str, Any]:
    variants: Mapping[str, Any] = run.findings["controls"].get("answers_only", {}).get("variants", {})
    return variants
