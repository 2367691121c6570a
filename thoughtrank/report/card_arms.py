"""What the model card says of the thought: the thought effect, the arms beside it, and what they do not show."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.output.printable import markdown_text
from thoughtrank.report.chance_level import chance_label
from thoughtrank.report.effect_text import effect_line, examples_of
from thoughtrank.report.labels import ARM_LABELS
from thoughtrank.report.text_layout import percent

_SHOWN = ("answer_at_once", "own_thought", "swapped_thought", "filler_thought", "room_to_reason")
_EFFECT = (
    "The thought effect compares the model after the last round with models that were trained in the same way on the same "
    "answers without their thoughts (*answers_only*, in two variants). It is the smallest difference, in percentage points "
    "with a 95 % interval, over both variants and two readings: free replies to the chat prompt; and the answer forced right "
    "after the model's own thought, against the other model's answer at once. p is the largest p-value of these differences "
    "(exact McNemar test)."
)


def thought_paragraphs(rounds: Sequence[Mapping[str, Any]], *, effect: Mapping[str, Any] | None) -> str:
    """Markdown: the line of the effect and its explanation, a table of arms, and a sentence on what they do not show.

    What was not measured is not explained.

    Args:
        rounds: entries of ``summary.json``.
        effect: the entry ``thought_effect`` of ``summary.json``.
    """
    last, measured = rounds[-1], effect_line(effect, examples=examples_of(rounds))
    parts = [f"**{measured}**", "" if effect is None else _EFFECT, _table(last), _not_shown(last["arms"])]
    return "\n\n".join(part for part in parts if part)


def interval_text(figures: Mapping[str, Any], *, value: str, low: str, high: str) -> str:
    """A fraction with the bounds of its interval, in percent; a dash where it was not measured.

    Args:
        figures: that hold them.
        value, low, high: their keys.
    """
    if figures[value] is None:
        return "–"
    return f"{percent(figures[value])} [{100 * figures[low]:.1f}, {100 * figures[high]:.1f}]"


def _table(last: Mapping[str, Any]) -> str:
    arms = last["arms"]
    shown = [name for name in _SHOWN if name in arms and arms[name]["accuracy"] is not None]
    if not shown:
        return ""
    rows = [
        f"| {ARM_LABELS[name].text}: {ARM_LABELS[name].meaning} | {arms[name]['n']} | {_accuracy(arms[name])} |"
        for name in shown
    ]
    if (chance := last.get("chance")) is not None:
        label = markdown_text(chance_label(chance))
        rows.append(
            f"| chance: {label}, the most frequent reference answer | {chance['n']} | {percent(chance['accuracy'])} |"
        )
    return "\n".join(
        [
            f"The model after round {last['round']}, with another beginning of its reply forced. Where the answer is forced, "
            "its first words are (“The answer is”, or those of the questions), and the first answer after them counts.",
            "",
            "| forced | questions | accuracy |",
            "|---|---|---|",
            *rows,
        ]
    )


def _not_shown(arms: Mapping[str, Mapping[str, Any]]) -> str:
    """That the thought is worth no more than the same room without one; empty where it is worth more, or unknown."""
    free, room = arms.get("thought", {}), arms.get("room_to_reason", {})
    if free.get("accuracy") is None or room.get("accuracy") is None or room["accuracy"] < free["low"]:
        return ""
    return (
        f"After an empty thought and with the same room as a free reply, the model is right on {percent(room['accuracy'])}, "
        f"against {_accuracy(free)} of its free replies. There it can work in its answer, or write a thought anyway "
        f"({room['reply_tokens']:.0f} tokens per reply). So these figures do not show that a thought is worth more than the "
        "same room for the answer."
    )


def _accuracy(figures: Mapping[str, Any]) -> str:
    return interval_text(figures, value="accuracy", low="low", high="high")
