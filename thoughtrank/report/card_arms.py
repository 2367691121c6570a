"""What the model card says of the thought: the thought effect, the arms beside it, and what they do not show."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.output.printable import markdown_text
from thoughtrank.report.chance_level import chance_label
from thoughtrank.report.control_variants import control_variants
from thoughtrank.report.effect_text import effect_line, examples_of
from thoughtrank.report.labels import ARM_LABELS, CONTROL_LABELS, control_label
from thoughtrank.report.text_layout import percent

_SHOWN = (
    *("answer_at_once", "own_thought", "swapped_thought", "edited_thought", "filler_thought", "room_to_reason"),
    "best_of_n",
)
_EFFECT = (
    "The thought effect compares the model after the last round with models that were trained in the same way on the same "
    "answers without their thoughts (*answers_only*, in two variants). It is the smallest difference, in percentage points "
    "with a 95 % interval, over both variants and two readings: free replies to the chat prompt; and the answer forced right "
    "after the model's own thought, against the other model's answer at once. p is the largest p-value of these differences "
    "(exact McNemar test)."
)


def thought_paragraphs(
    rounds: Sequence[Mapping[str, Any]],
    *,
    effect: Mapping[str, Any] | None,
    controls: Mapping[str, Mapping[str, Any]],
) -> str:
    """Markdown: the effect and its explanation, a table of the controls and one of the arms, and what they do not show.

    What was not measured is not explained.

    Args:
        rounds: entries of ``summary.json``.
        effect, controls: the entries ``thought_effect`` and ``controls`` of ``summary.json``.
    """
    last, measured = rounds[-1], effect_line(effect, examples=examples_of(rounds))
    explained = "" if effect is None else _EFFECT
    parts = [f"**{measured}**", explained, _controls_table(last, controls), _table(last), _not_shown(last["arms"])]
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
        f"| {ARM_LABELS[name].text}: {ARM_LABELS[name].meaning} | {arms[name]['n']} | {_accuracy(arms[name])}"
        f"{_more(arms[name])} |"
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


def _more(figures: Mapping[str, Any]) -> str:
    """What an arm has beside its accuracy: how often the answer equals the edit of the thought, or how many answers vote."""
    follows = f"; equals the edit in {percent(figures['follows'])}" if "follows" in figures else ""
    return follows + (f"; n = {figures['samples']}" if "samples" in figures else "")


def _controls_table(last: Mapping[str, Any], controls: Mapping[str, Mapping[str, Any]]) -> str:
    """Every variant of every training control beside the model; empty without one that has an accuracy."""
    variants = control_variants(controls)
    if all(_arm(figures, "thought") == "–" for figures in variants.values()):
        return ""
    model = f"the model after round {last['round']}"
    rows = [f"| {model} | {_asked(last)} | {_arm(last, 'thought')} | {_arm(last, 'answer_at_once')} |"]
    for title, figures in variants.items():
        label = CONTROL_LABELS.get(title)
        name = control_label(title) if label is None else f"{label.text}: {label.meaning}"
        trained = f"{name} ({figures['examples']} examples, {figures['steps']} steps)"
        arms = f"{_arm(figures, 'thought')} | {_arm(figures, 'answer_at_once')}"
        rows.append(f"| {trained} | {_asked(figures)} | {arms} |")
    return "\n".join(
        [
            "Training controls: models that were trained in the same way as this one, on other examples.",
            "",
            "| model | questions | free reply | answer at once |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _asked(entry: Mapping[str, Any]) -> str:
    return str(entry["arms"].get("thought", {}).get("n", "–"))


def _arm(entry: Mapping[str, Any], name: str) -> str:
    """The accuracy of one arm of a round or of a control; a dash where it was not asked or not scored."""
    return _accuracy(entry["arms"][name]) if name in entry["arms"] else "–"


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
