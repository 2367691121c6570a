"""The arms by name, what is wrong with a list of them, and which of them a round is evaluated in."""

from collections.abc import Sequence

from thoughtrank.evaluation.arms.answer_at_once import AnswerAtOnce
from thoughtrank.evaluation.arms.best_of_n import BestOfN
from thoughtrank.evaluation.arms.edited_thought import EditedThought
from thoughtrank.evaluation.arms.filler_thought import FillerThought
from thoughtrank.evaluation.arms.own_thought import OwnThought
from thoughtrank.evaluation.arms.protocol import Arm, ArmName
from thoughtrank.evaluation.arms.room_to_reason import RoomToReason
from thoughtrank.evaluation.arms.swapped_thought import SwappedThought
from thoughtrank.evaluation.arms.thought import Thought

ARMS: dict[ArmName, Arm] = {
    arm.name: arm
    for arm in (
        Thought(),
        AnswerAtOnce(),
        OwnThought(),
        SwappedThought(),
        EditedThought(),
        FillerThought(),
        RoomToReason(),
        BestOfN(),
    )
}
"""Every arm, in the order of the tables."""


def arm_faults(names: Sequence[ArmName]) -> list[str]:
    """What is wrong with ``evaluation.arms``, one sentence each."""
    faults = []
    if "thought" not in names:
        faults.append("evaluation.arms has to contain thought, the arm of the reported accuracy")
    if len(set(names)) < len(names):
        faults.append("evaluation.arms has an arm twice: remove one")
    for name in names:
        # Without the arm ``thought`` there is one fault already.
        missing = [need for need in ARMS[name].needs if need not in names and need != "thought"]
        if missing:
            faults.append(f"evaluation.arms: {name} is made from {', '.join(missing)}: add it")
    return faults


def arms_of_round(names: Sequence[ArmName], *, number: int, rounds: int) -> tuple[ArmName, ...]:
    """The arms of one round: ``best_of_n``, which costs the most, in the first and the last round only.

    Args:
        names: all arms of the run.
        number: of the round.
        rounds: number of the last round.
    """
    ends = number in (0, rounds)
    return tuple(name for name in ARMS if name in names and (ends or name != "best_of_n"))
