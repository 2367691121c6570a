"""What arms and controls are called in the report, in the terminal and in the tables of a study, and what each is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A name for readers, in place of the one of the config.

    Attributes:
        text: the name.
        meaning: what it is, without a full stop.
    """

    text: str
    meaning: str


ARM_LABELS = {
    "thought": Label("free reply", "the model as it is used: it writes a thought, then its answer"),
    "own_thought": Label("own thought", "the model's own thought, then the answer is forced"),
    "answer_at_once": Label("answer at once", "an empty thought, then the answer is forced: no room to calculate"),
    "room_to_reason": Label("empty thought", "an empty thought, then a free reply, which may calculate"),
    "swapped_thought": Label("swapped thought", "the thought of another question, then the answer is forced"),
    "edited_thought": Label(
        "edited thought", "the own thought with its last number changed, then the answer is forced"
    ),
    "filler_thought": Label("filler thought", "neutral text as long as the own thought, then the answer is forced"),
    "best_of_n": Label(
        "majority of n", "majority vote over n answers sampled without a thought, at the token cost of one free reply"
    ),
    "unseen": Label("unseen families", "free replies to kinds of questions that were never trained on"),
}
"""By the name in the config, in the order of every table; ``unseen`` is no arm, and stands beside them."""

ARMS_BESIDE = ("own_thought", "answer_at_once", "filler_thought", "swapped_thought")
"""The arms that stand beside the thought effect."""

CONTROL_VARIANTS = {
    "copies": "one example per training example of the run, so the same number of examples and steps",
    "pairs": "each distinct pair of question and answer once per epoch, for the same number of steps",
}
"""Of the control ``answers_only``."""
EARLY_STOPPED = "pairs"
"""The variant that keeps its best weights on development questions, where there are some."""

_WITHOUT = "trained on the same answers, each with an empty thought"
CONTROL_LABELS = {
    "answers_only": Label("answers only", _WITHOUT),
    **{
        f"answers_only/{name}": Label(f"answers only, {name}", f"{_WITHOUT}: {text}")
        for name, text in CONTROL_VARIANTS.items()
    },
    "random_candidates": Label(
        "random candidates", "trained on candidates drawn regardless of rank, as many per question"
    ),
    "random_thoughts": Label(
        "random thoughts", "trained on candidates drawn among those with the best rank, as many per question"
    ),
    "sampled_prefixes": Label("sampled prefixes", "trained on the best of as many thoughts, sampled without a prefix"),
}
"""By control, and by control and variant."""


def arm_label(name: str) -> str:
    """The label of an arm; the name itself, as words, of one that has none."""
    return ARM_LABELS[name].text if name in ARM_LABELS else name.replace("_", " ")


def control_label(title: str) -> str:
    """The label of a control, whose title is such as ``answers_only/pairs``."""
    return CONTROL_LABELS[title].text if title in CONTROL_LABELS else title.replace("_", " ").replace("/", ", ")


def of_control(text: str, title: str | None) -> str:
    """What belongs to a control, such as its training: ``round 4 training of control answers only, pairs``.

    Args:
        text: what it is.
        title: of the control; None for the run, whose text is the text alone.
    """
    return text if title is None else f"{text} of control {control_label(title)}"


def side_label(side: str) -> str:
    """The label of one side of a comparison: ``round 4 thought``, ``answers_only/pairs thought``, or an arm alone."""
    model, _, arm = side.rpartition(" ")
    if not model:
        return arm_label(arm)
    return f"{model if model.startswith('round ') else control_label(model)}: {arm_label(arm)}"


def difference_label(first: str, second: str) -> str:
    """The label of first minus second; a model that both sides share is named once."""
    model, _, arm = second.rpartition(" ")
    shared = model and first.rpartition(" ")[0] == model
    return f"{side_label(first)} − {arm_label(arm) if shared else side_label(second)}"
