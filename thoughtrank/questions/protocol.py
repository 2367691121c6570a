"""What the rest of the program asks of any place that questions come from."""

from typing import Protocol

from thoughtrank.records import Question


class QuestionSource(Protocol):
    """A supply of training questions, fresh every round, and a fixed set of held-out ones.

    Attributes:
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions of the kinds that are trained on.
    """

    train_per_round: int
    held_out: int

    def faults(self, *, rounds: int) -> list[str]:
        """Every problem that the user can put right, one sentence each; never raises, and is cheap.

        Args:
            rounds: how many rounds of training questions will be asked for.
        """
        ...

    def train(self, round_number: int) -> list[Question]:
        """The training questions of one round.

        They are disjoint from those of every other round and from the held-out ones, and do not depend on how many
        rounds there are.

        Args:
            round_number: counts from 1.

        Raises:
            UserError: there are not enough questions for this round.
        """
        ...

    def evaluation(self) -> list[Question]:
        """The held-out questions: first those of trained families, then those of unseen families (``unseen=True``).

        Raises:
            UserError: there are not enough questions.
        """
        ...

    def identity(self) -> dict[str, object]:
        """JSON-able facts that decide which questions come out: equal identities give equal questions.

        Raises:
            UserError: a file that decides them cannot be read.
        """
        ...
