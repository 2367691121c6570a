"""From the replies to held-out questions to the metrics of one round."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from thoughtrank.evaluation.answer_comparison import same_answer
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.statistics import mean, wilson_interval
from thoughtrank.records import Finish

Split = Literal["test", "development"]


@dataclass(frozen=True, slots=True)
class HeldOutReply:
    """One reply to a held-out question.

    Attributes:
        arm: what was forced, and how the answer was read.
        reply: the text the model generated itself.
        answer: the part that counts as its answer; None after an unclosed thought, and where a short reply has none.
        right: whether that matches the reference answer; None without a reference.
        thought_well_formed: it opens a thought first, closes it once, and then answers.
        reply_tokens: tokens of ``reply``; of all samples in ``best_of_n``.
        reply_finish: ``length`` if the limit cut it.
        thought: text of the closed thought that was forced; None where none was.
        thought_source: id of the question that this thought was generated for, where it is another one.
        edit: the number that the thought states in place of the model's own.
        samples: the answers that were voted on in ``best_of_n``; an empty text is a reply without an answer.
        problem: of the question, see ``Question``.
        split: which held-out questions it belongs to.
    """

    question_id: str
    family: str | None
    unseen: bool
    arm: ArmName
    reply: str
    answer: str | None
    right: bool | None
    thought_well_formed: bool
    reply_tokens: int
    reply_finish: Finish
    thought: str | None = None
    thought_source: str | None = None
    edit: str | None = None
    samples: tuple[str, ...] = ()
    problem: str | None = None
    split: Split = "test"

    @property
    def follows(self) -> bool | None:
        """Whether the answer is the number that an edited thought states; None in other arms."""
        return None if self.edit is None else same_answer(self.answer, self.edit)


def read_metrics(replies: Sequence[HeldOutReply]) -> dict[str, Any]:
    """Every metric of one round's evaluation.

    Accuracies come with their 95 % Wilson interval and are None if no question has a reference answer; ``n`` counts the
    questions with one, or all if there is none. Except for those named ``unseen``, all metrics are over the questions of
    trained families. Those that name no arm are of the arm ``thought``, those named ``direct`` of ``room_to_reason``.
    """
    arms: dict[ArmName, list[HeldOutReply]] = defaultdict(list)
    for reply in replies:
        arms[reply.arm].append(reply)
    thought = [reply for reply in arms["thought"] if not reply.unseen]
    direct = [reply for reply in arms["room_to_reason"] if not reply.unseen]
    unseen = [reply for reply in arms["thought"] if reply.unseen]
    families = _by_family([*thought, *unseen])
    return {
        "n": _counted(thought),
        **_accuracy(thought, name="accuracy", bounds="accuracy"),
        "family_macro_accuracy": _macro([families[name] for name in _families(thought)]),
        **_accuracy(direct, name="direct_accuracy", bounds="direct"),
        "unseen_n": _counted(unseen),
        **_accuracy(unseen, name="unseen_accuracy", bounds="unseen"),
        "thought_rate": mean([reply.thought_well_formed for reply in thought]),
        "reply_tokens": mean([reply.reply_tokens for reply in thought]),
        "truncation_rate": mean([reply.reply_finish == "length" for reply in thought]),
        "direct_truncation_rate": mean([reply.reply_finish == "length" for reply in direct]),
        "families": families,
        "arms": {name: _arm(of_arm) for name, of_arm in arms.items() if of_arm},
    }


def _arm(replies: Sequence[HeldOutReply]) -> dict[str, Any]:
    """The figures of one arm.

    ``follows`` is the fraction of answers that equal the edit of their thought, ``samples`` the number of samples of a vote.
    """
    seen = [reply for reply in replies if not reply.unseen]
    unseen = [reply.right for reply in replies if reply.unseen and reply.right is not None]
    accuracy = _accuracy(seen, name="accuracy", bounds="accuracy")
    figures = {
        "n": _counted(seen),
        "accuracy": accuracy["accuracy"],
        "low": accuracy["accuracy_low"],
        "high": accuracy["accuracy_high"],
        "unseen_accuracy": mean(unseen),
        "reply_tokens": mean([reply.reply_tokens for reply in seen]),
    }
    follows = [reply.follows for reply in seen if reply.follows is not None]
    if follows:
        figures["follows"] = mean(follows)
    if samples := max(len(reply.samples) for reply in replies):
        figures["samples"] = samples
    return figures


def _accuracy(replies: Sequence[HeldOutReply], *, name: str, bounds: str) -> dict[str, float | None]:
    judged = [reply.right for reply in replies if reply.right is not None]
    if not judged:
        return {name: None, f"{bounds}_low": None, f"{bounds}_high": None}
    low, high = wilson_interval(successes=sum(judged), trials=len(judged))
    return {name: sum(judged) / len(judged), f"{bounds}_low": low, f"{bounds}_high": high}


def _counted(replies: Sequence[HeldOutReply]) -> int:
    """How many replies their accuracy counts; without one, all."""
    return sum(reply.right is not None for reply in replies) or len(replies)


def _by_family(replies: Sequence[HeldOutReply]) -> dict[str, dict[str, int]]:
    """Family to the number of its replies that are right or wrong, and of those that are right."""
    families: dict[str, dict[str, int]] = defaultdict(lambda: {"n": 0, "right": 0})
    for reply in replies:
        if reply.family is not None and reply.right is not None:
            families[reply.family]["n"] += 1
            families[reply.family]["right"] += reply.right
    return dict(families)


def _families(replies: Sequence[HeldOutReply]) -> list[str]:
    """The families with a reply that is right or wrong, in order of first appearance."""
    return list(dict.fromkeys(each.family for each in replies if each.family is not None and each.right is not None))


def _macro(families: Sequence[dict[str, int]]) -> float | None:
    """The mean of the families' accuracies, each with the same weight; None without families."""
    return mean([family["right"] / family["n"] for family in families])
