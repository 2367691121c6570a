"""Sentences on the thought effect: what it is measured against, and what the model does after an empty thought."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.report.html.headline import excludes_zero, points_text
from thoughtrank.report.html.markup import percent
from thoughtrank.report.html.stored_run import StoredRun

_VARIANTS = {
    "copies": "copies (one example for each of the run's, so as many examples and steps)",
    "pairs": "pairs (each different pair of question and answer once per epoch, as many steps, with early stopping)",
}


def against(run: StoredRun) -> tuple[str, str] | None:
    """Title and arm of the control that the thought effect is measured against; None where there is no effect."""
    effect = run.findings["thought_effect"]
    if effect is None:
        return None
    title, _, arm = effect["against"].rpartition(" ")
    return title, arm


def effect_note(run: StoredRun) -> str | None:
    """The effect, its control, and what the variants of the control are; None where there is no effect."""
    effect, compared = run.findings["thought_effect"], against(run)
    if effect is None or compared is None:
        return None
    title, arm = compared
    variants = [text for name, text in _VARIANTS.items() if name in _variants(run)]
    trained = f", trained in {len(variants)} variants: {' and '.join(variants)}" if variants else ""
    clear = "more than chance" if excludes_zero(effect) else "not shown to be more than chance"
    strictest = f", the strictest of {len(effect['parts'])} comparisons" if len(effect["parts"]) > 1 else ""
    return (
        f"Thought effect: {points_text(effect)}, {clear}. The control answers_only has the same answers as training examples, "
        f"each with an empty thought{trained}. The effect is the difference to {title}, arm {arm}{strictest}."
    )


def empty_thought_note(run: StoredRun) -> str | None:
    """Why the arm ``room_to_reason`` may be as accurate as ``thought``; None where it is less accurate."""
    arms = run.evaluated[-1].metrics.get("arms", {}) if run.evaluated and run.evaluated[-1].number else {}
    thought, room = arms.get("thought", {}), arms.get("room_to_reason", {})
    value, low = room.get("accuracy"), thought.get("low")
    if value is None or low is None or value < low:
        return None
    at_once = arms.get("answer_at_once", {}).get("accuracy")
    without = (
        "" if at_once is None else f" Where it has to answer at once (answer_at_once), it reaches {percent(at_once)}."
    )
    length = f", in replies of {room['reply_tokens']:.0f} tokens on average" if "reply_tokens" in room else ""
    return (
        f"A thought is not the only way to calculate: after an empty thought the model may do so in its answer. There "
        f"(room_to_reason) the trained model reaches {percent(value)}{length}.{without}"
    )


def _variants(run: StoredRun) -> Mapping[str, Any]:
    variants: Mapping[str, Any] = run.findings["controls"].get("answers_only", {}).get("variants", {})
    return variants
