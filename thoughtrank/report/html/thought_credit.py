"""What the headline says of the thoughts: whether the gain is due to them, and how large a part of it."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.report.effect_text import found_none, p_text
from thoughtrank.report.html.differences import change_over_rounds, comparison_of, excludes_zero, points_text
from thoughtrank.report.html.empty_thought import closed_anyway
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.thought_effect_notes import effect_sides, reached_without
from thoughtrank.report.text_layout import percent, sentence_case


def thoughts_text(run: StoredRun) -> str:
    """One sentence; empty before a round is trained, and where none found a training example."""
    effect = run.findings["thought_effect"]
    if not run.evaluated or run.evaluated[-1].number == 0 or found_none(run.examples):
        return ""
    if effect is None:
        if not run.finished:
            return "What the thoughts are worth is measured when the run is finished."
        return "What the thoughts are worth was not measured."
    change = change_over_rounds(run)
    gain = change if change is not None and excludes_zero(change) and change["points"] > 0 else None
    text = _of_the_gain(run, effect, gain) if gain else sentence_case(_worth(run, effect))
    return f"{text}{_without_a_thought(run)}."


def _worth(run: StoredRun, effect: Mapping[str, Any]) -> str:
    """The effect, and what training without the thoughts reaches."""
    if not excludes_zero(effect) or effect["points"] < 0:
        verb = "is worse" if excludes_zero(effect) else "is not shown to be better"
        return f"training on thoughts {verb} than training on the same answers without them: {points_text(effect)}"
    reached = reached_without(run)
    return f"training on thoughts is worth {points_text(effect)} over training on the same answers without them" + (
        f", which reaches {percent(reached)}" if reached is not None else ""
    )


def _of_the_gain(run: StoredRun, effect: Mapping[str, Any], gain: Mapping[str, Any]) -> str:
    """Whether a gain, or a part of it, is due to the thoughts.

    The points of the effect are points of the gain where both are of free replies to the same questions. Elsewhere the effect
    of free replies is larger: the stated one is the smallest of its differences.
    """
    worth = _worth(run, effect)
    if not excludes_zero(effect):
        return (
            "No part of the gain is shown to be due to the thoughts: training on them is worth "
            f"{points_text(effect)} over training on the same answers without them"
        )
    if effect["points"] < 0:
        return sentence_case(worth)
    part = "Part of the gain is" if effect["points"] < gain["points"] else "The gain is"
    sides = effect_sides(run)
    if sides is None or effect["n"] != gain["n"] or not effect["against"].endswith(" thought"):
        return f"{part} due to the thoughts: {worth}"
    reached = f"training on the same answers without them reaches {percent(sides[0])}"
    interval = f"95 % interval {effect['low']:.1f} to {effect['high']:.1f}, p {p_text(effect['p_value'])}"
    if effect["points"] < gain["points"]:
        points = f"{effect['points']:.1f} of the {gain['points']:.1f} points ({interval})"
        return f"{part} due to the thoughts: {points}. {sentence_case(reached)}"
    return f"{part} due to the thoughts: {reached}, {effect['points']:.1f} points less ({interval})"


def _without_a_thought(run: StoredRun) -> str:
    """The second half of the sentence: whether it matters that the trained model writes a thought when it answers.

    Where most replies after an empty thought close one anyway, the arm cannot show that; ``cautions`` says so.
    """
    last = run.evaluated[-1]
    arms = last.metrics.get("arms", {})
    own, empty = (arms.get(name, {}).get("accuracy") for name in ("thought", "room_to_reason"))
    compared = comparison_of(run, "thought", "room_to_reason")
    if own is None or empty is None or compared is None:
        return ""
    counted = closed_anyway(last)
    if counted is not None and counted.most:
        return ""
    reached = f"{percent(empty)} ({percent(own)} with its own)"
    if not excludes_zero({**compared, "p_value": compared["adjusted_p_value"]}):
        matters = "whether the trained model then writes a thought is not shown to matter"
    else:
        matters = (
            f"the trained model then does {'worse' if compared['points'] > 0 else 'better'} without writing a thought"
        )
    anyway = "" if counted is None else f"; {counted.text}"
    return f"; {matters}: after an empty one, with room to calculate in its answer, it reaches {reached}{anyway}"
