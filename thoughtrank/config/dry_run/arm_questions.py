"""How many of the held-out questions each arm of the evaluation asks, by the kinds of their reference answers."""

from collections import Counter

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.errors import UserError
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.arms.registry import ARMS
from thoughtrank.evaluation.reference_kinds import question_kind


def questions_by_arm(config: RunConfig, components: Components) -> dict[ArmName, int]:
    """Each arm of the evaluation with the number of its questions; all of them where the questions cannot be read here."""
    try:
        kinds = Counter(map(question_kind, components.questions.evaluation()))
    except (UserError, OSError):  # a fault of its own, which does not keep a plan from being shown
        held_out = components.questions.held_out + components.questions.held_out_unseen
        return dict.fromkeys(config.evaluation.arms, held_out)
    return {
        name: sum(number for kind, number in kinds.items() if ARMS[name].applies(kind))
        for name in config.evaluation.arms
    }
