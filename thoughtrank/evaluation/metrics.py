"""From the replies to held-out questions to the metrics of one round."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from thoughtrank.evaluation.statistics import mean, wilson_interval
from thoughtrank.records import Finish

ArmName = Literal["unprefixed", "direct"]


@dataclass(frozen=True, slots=True)
class HeldOutReply:
    """One reply to a held-out question.

    Attributes:
        arm: ``unprefixed`` or ``direct``.
        reply: the text the model generated itself.
        answer: the part that counts as its answer; None after an unclosed thought.
        right: whether that matches the reference answer; None without a reference.
        thought_well_formed: it opens a thought first, closes it once, and then answers.
        reply_tokens: tokens of ``reply``.
        reply_finish: ``length`` if the limit cut it.
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


def read_metrics(replies: Sequence[HeldOutReply]) -> dict[str, Any]:
    """Every metric of one round's evaluation.

    Accuracies come with their 95 % Wilson interval and are None if no question has a reference answer. Except for those
    named ``unseen``, all metrics are over the questions of trained families.
    """
    seen = [reply for reply in replies if not reply.unseen]
    unprefixed = [reply for reply in seen if reply.arm == "unprefixed"]
    direct = [reply for reply in seen if reply.arm == "direct"]
    unseen = [reply for reply in replies if reply.unseen and reply.arm == "unprefixed"]
    return {
        "n": len(unprefixed),
        **_accuracy(unprefixed, name="accuracy", bounds="accuracy"),
        **_accuracy(direct, name="direct_accuracy", bounds="direct"),
        "unseen_n": len(unseen),
        **_accuracy(unseen, name="unseen_accuracy", bounds="unseen"),
        "thought_rate": mean([reply.thought_well_formed for reply in unprefixed]),
        "reply_tokens": mean([reply.reply_tokens for reply in unprefixed]),
        "truncation_rate": mean([reply.reply_finish == "length" for reply in unprefixed]),
        "direct_truncation_rate": mean([reply.reply_finish == "length" for reply in direct]),
        "families": _by_family([*unprefixed, *unseen]),
    }


def _accuracy(replies: Sequence[HeldOutReply], *, name: str, bounds: str) -> dict[str, float | None]:
    judged = [reply.right for reply in replies if reply.right is not None]
    if not judged:
        return {name: None, f"{bounds}_low": None, f"{bounds}_high": None}
    low, high = wilson_interval(successes=sum(judged), trials=len(judged))
    return {name: sum(judged) / len(judged), f"{bounds}_low": low, f"{bounds}_high": high}


def _by_family(replies: Sequence[HeldOutReply]) -> dict[str, dict[str, int]]:
    families: dict[str, dict[str, int]] = defaultdict(lambda: {"n": 0, "right": 0})
    for reply in replies:
        if reply.family is not None:
            families[reply.family]["n"] += 1
            families[reply.family]["right"] += bool(reply.right)
    return dict(families)
