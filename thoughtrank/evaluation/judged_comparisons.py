"""Which replies a judge compares where accuracy cannot be measured: rounds and controls with round 0, and room to reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.arms.registry import ARMS
from thoughtrank.records import Question

WinRateQuestions = Literal["auto", "all", "none"]
"""Which test questions are compared: those without a reference answer, if the judge can compare them; all; or none."""

Opponent = Literal["round_0", "room_to_reason"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedComparison:
    """Replies in one arm of a round against others to the same questions.

    Attributes:
        arm: of the round, or of the control.
        against: the same arm of round 0, or the arm ``room_to_reason`` of the same model.
    """

    arm: ArmName
    against: Opponent

    @property
    def name(self) -> str:
        """In the run folder and in the summary."""
        return f"{self.arm}_vs_{self.against}"


def judged_comparisons(arms: Sequence[ArmName], *, number: int, rounds: int) -> list[JudgedComparison]:
    """The comparisons of one round.

    ``thought`` is compared with round 0 in every round; the other free replies with round 0 in the last one, and all with
    ``room_to_reason`` in the first and the last.

    Args:
        arms: of the evaluation.
        number: of the round.
        rounds: number of the last round.
    """
    free = [arm for arm in ARMS if arm in arms and not ARMS[arm].forces_answer]
    found = []
    if number:
        found += [JudgedComparison(arm=arm, against="round_0") for arm in free if arm == "thought" or number == rounds]
    if number in (0, rounds) and "room_to_reason" in free:
        found += [JudgedComparison(arm=arm, against="room_to_reason") for arm in free if arm != "room_to_reason"]
    return found


def control_comparisons(arms: Sequence[ArmName]) -> list[JudgedComparison]:
    """The comparisons of a training control: those of a last round in its ``arms``."""
    return judged_comparisons(arms, number=1, rounds=1)


def compared_questions(
    questions: Sequence[Question], which: WinRateQuestions, *, needs_reference: bool
) -> list[Question]:
    """The test questions whose replies are compared, none of them of an unseen family.

    Args:
        questions: held-out ones.
        which: see ``WinRateQuestions``.
        needs_reference: the judge only compares with reference answers.
    """
    if which == "none" or needs_reference:
        return []
    return [each for each in questions if not each.unseen and (which == "all" or each.answer is None)]
