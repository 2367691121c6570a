"""What belongs beside the headline so that it is not misread: empty thoughts, truncated replies, collapse, unseen families."""

from collections.abc import Callable, Mapping
from typing import Any

from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.paired import PairedDifference, paired_difference
from thoughtrank.report.effect_text import chance_text, found_none, p_text
from thoughtrank.report.html.differences import comparison_of, excludes_zero
from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.empty_thought import closed_anyway
from thoughtrank.report.html.stored_run import StoredRound, StoredRun
from thoughtrank.report.openings import openings
from thoughtrank.report.text_layout import percent

_FEW_TRUNCATED = 0.02
_COLLAPSED = 0.5
"""Fraction of thoughts with the same first word."""


def cautions(run: StoredRun) -> str:
    """A list of sentences; empty where there is nothing to say."""
    found = [text for each in (_empty_thought, _truncated, _collapse, _unseen) if (text := each(run))]
    if not found:
        return ""
    items = "".join(f"<li>{escaped(text)}</li>" for text in found)
    title = "Before you rely on this"
    return f'<section class="cautions" aria-label="{title}"><h3>{title}</h3><ul>{items}</ul></section>'


def _empty_thought(run: StoredRun) -> str | None:
    """How well the model does after an empty thought, where that is not much worse than with its own or no test at all."""
    trained = _last_trained(run)
    if trained is None:
        return None
    arms = trained.metrics.get("arms", {})
    thought, room = arms.get("thought", {}), arms.get("room_to_reason", {})
    value, low = room.get("accuracy"), thought.get("low")
    counted = closed_anyway(trained)
    most = counted is not None and counted.most
    if value is None or low is None or (value < low and not most):
        return None
    compared = comparison_of(run, "thought", "room_to_reason")
    difference = (
        "" if compared is None else f" The difference, free reply minus empty thought, is {_adjusted(compared)}."
    )
    at_once = arms.get("answer_at_once", {}).get("accuracy")
    without = (
        " Where it has to answer at once, it reaches "
        f"{percent(at_once)}: only the first number of the answer counts there, so “7 + 4 = 11” counts as 7."
        if at_once is not None
        else ""
    )
    length = f", in replies of {room['reply_tokens']:.0f} tokens on average" if "reply_tokens" in room else ""
    if counted is not None and counted.most:
        return (
            "This run does not show what the trained model does without a thought. After an empty thought it writes another "
            f"one in {counted.closed} of {counted.replies} replies, and reaches {percent(value)}{length}.{difference}{without}"
        )
    anyway = "" if counted is None else f" ({counted.text})"
    return (
        f"A thought is not the only way to calculate. After an empty thought the trained model may calculate "
        f"in its answer, and reaches {percent(value)}{length}{anyway}.{difference}{without}"
    )


def _truncated(run: StoredRun) -> str | None:
    """How many replies of the base model were cut, and the change among the questions whose reply was not."""
    trained = _last_trained(run)
    if trained is None or run.evaluated[0].number:
        return None
    first = run.evaluated[0]
    rate, after = (each.metrics.get("truncation_rate") for each in (first, trained))
    if rate is None or after is None or rate < _FEW_TRUNCATED or rate <= after:
        return None
    text = f"In round 0, {percent(rate)} of the replies were truncated; in round {trained.number}, {percent(after)}."
    before, replies = _free(first, lambda each: not each.unseen), _free(trained, lambda each: not each.unseen)
    whole = {name: bool(each.right) for name, each in before.items() if each.reply_finish != "length"}
    problems = {name: each.problem for name, each in before.items() if each.problem is not None}
    right = {name: bool(each.right) for name, each in replies.items()}
    compared = paired_difference(right, whole, problems=problems, seed=0)
    if not compared.n:
        return f"{text} Part of the change may be that replies are no longer cut off."
    return (
        f"{text} Part of the change may be that replies are no longer cut off: among the {compared.n} questions whose reply "
        f"was not truncated in round 0, the change is {_interval_alone(compared)}."
    )


def _collapse(run: StoredRun) -> str | None:
    """The first word that most thoughts of the last round begin with."""
    trained = _last_trained(run)
    if trained is None:
        return None
    found = openings(trained.replies)
    word, fraction = next(iter(found.get("words", {}).items()), ("", 0.0))
    if fraction < _COLLAPSED:
        return None
    return (
        f"The model's own thoughts mostly open alike: {percent(fraction)} of its {found['n']} thoughts in round "
        f"{trained.number} begin with “{word}” (unseen families included; prefixes are forced only on training questions)."
    )


def _unseen(run: StoredRun) -> str | None:
    """How the unseen families changed, and that their accuracy is not comparable with that of the trained ones."""
    trained = _last_trained(run)
    if trained is None or run.evaluated[0].number:
        return None
    accuracy = trained.metrics.get("unseen_accuracy")
    before, after = _free(run.evaluated[0], lambda each: each.unseen), _free(trained, lambda each: each.unseen)
    if accuracy is None or not before.keys() & after.keys():
        return None
    first, second = ({name: bool(each.right) for name, each in side.items()} for side in (after, before))
    problems = {name: each.problem for name, each in before.items() if each.problem is not None}
    compared = paired_difference(first, second, problems=problems, seed=0)
    return (
        f"Unseen families went from {percent(run.evaluated[0].metrics.get('unseen_accuracy'))} to {percent(accuracy)} of "
        f"{compared.n} questions: {_interval_alone(compared)}. They are other kinds of questions, easier or harder, so compare "
        "them with their own round 0, not with the trained families."
    )


def _interval_alone(compared: PairedDifference) -> str:
    """A difference that is none of the comparisons of the run: without a p-value, which would be corrected for none."""
    return f"{compared.points:+.1f} points (95 % interval {compared.low:+.1f} to {compared.high:+.1f})"


def _adjusted(compared: Mapping[str, Any]) -> str:
    """A difference with its interval and the p-value after the correction for all comparisons."""
    interval = f"95 % interval {compared['low']:+.1f} to {compared['high']:+.1f}"
    p_value = compared["adjusted_p_value"]
    clear = chance_text(significant=excludes_zero({**compared, "p_value": p_value}))
    return (
        f"{compared['points']:+.1f} points ({interval} of this difference alone, p {p_text(p_value)} after Holm's correction "
        f"for all comparisons, {clear})"
    )


def _last_trained(run: StoredRun) -> StoredRound | None:
    """The last evaluated round; None where its model is the base model, or there is none."""
    last = run.evaluated[-1] if run.evaluated else None
    return last if last is not None and last.number and not found_none(run.examples) else None


def _free(of_round: StoredRound, keep: Callable[[HeldOutReply], bool]) -> dict[str, HeldOutReply]:
    """Question id to the free reply that was scored, of those that ``keep`` is true of."""
    return {
        each.question_id: each
        for each in of_round.replies
        if each.arm == "thought" and each.right is not None and each.split == "test" and keep(each)
    }
