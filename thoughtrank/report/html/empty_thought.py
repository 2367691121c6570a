"""Replies after an empty thought that close a thought anyway: the arm ``room_to_reason`` has thoughts as well where most do."""

from dataclasses import dataclass

from thoughtrank.prompting.thought_tags import CLOSE_TAG
from thoughtrank.report.html.stored_run import StoredRound


@dataclass(frozen=True, slots=True)
class ClosedAnyway:
    """How many replies of the arm have a closing tag of their own.

    Attributes:
        closed: those that have.
        replies: all that the accuracy of the arm counts.
    """

    closed: int
    replies: int

    @property
    def most(self) -> bool:
        """Whether more than half have, so that the arm does not show what the model does without a thought."""
        return 2 * self.closed > self.replies

    @property
    def text(self) -> str:
        """The count as a clause."""
        return f"{self.closed} of {self.replies} of these replies close a thought anyway"


def closed_anyway(of_round: StoredRound) -> ClosedAnyway | None:
    """The count over the replies to test questions of trained families; None where no replies are stored."""
    counted = [
        each
        for each in of_round.replies
        if each.arm == "room_to_reason" and each.right is not None and each.split == "test" and not each.unseen
    ]
    return ClosedAnyway(sum(CLOSE_TAG in each.reply for each in counted), len(counted)) if counted else None
