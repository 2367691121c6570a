"""The protocol of question sources, with the defaults and checks that they share."""

from typing import ClassVar, Protocol

from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.records import Question


class QuestionSource(Protocol):
    """Training questions, new ones in every round, and a fixed set of held-out questions.

    Sources inherit from it, and override the defaults that do not fit. Stages hash the texts and reference answers of the
    questions themselves, so a source needs no identity.

    Attributes:
        operational: constructor arguments that cannot change the questions; see ``Component``.
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions of the families that are trained on.
        held_out_unseen: number of held-out questions of families that are never trained on.
        num_development: number of development questions, ``questions.development`` in the config.
        answer_stem: the text that introduces a short forced answer.
        screen: times ``train_per_round``, the number of questions that are screened before a round; 1 screens none.
        screen_prefixes: prefixes that each of them is tried with.
    """

    operational: ClassVar[frozenset[str]] = frozenset()
    train_per_round: int
    held_out: int
    held_out_unseen: int = 0
    num_development: int = 0
    answer_stem: str = "The answer is"
    screen: int = 1
    screen_prefixes: int = 6

    @property
    def scorer(self) -> Scorer | None:
        """The source's own scorer; None compares replies with the reference answers."""
        return None

    @property
    def skipped_rows(self) -> list[str]:
        """Rows of the source's data that are left out, one sentence each with the position and the reason.

        Raises:
            UserError: the data as a whole cannot be read.
        """
        return []

    @property
    def num_read(self) -> int | None:
        """Number of all questions that were read, however they are divided; None where none were, or where they are made."""
        return None

    def notes(self) -> list[str]:
        """What the user should know before the run, one sentence each; shown in the plan."""
        return []

    def faults(self, *, rounds: int) -> list[str]:
        """What the user has to fix before the run can start, one sentence each; never raises.

        Args:
            rounds: number of rounds whose training questions are needed.
        """
        ...

    def train(self, round_number: int) -> list[Question]:
        """The training questions of one round.

        They are disjoint from those of every other round and from the held-out questions, and do not depend on the number of
        rounds.

        Args:
            round_number: counts from 1.

        Raises:
            UserError: there are not enough questions for this round.
            ValueError: ``round_number`` is below 1.
        """
        ...

    def evaluation(self) -> list[Question]:
        """The test questions: first those of trained families, then those of unseen families (``unseen=True``).

        They are held out from training and from every choice, and are the same under every seed.

        Raises:
            UserError: there are not enough questions.
        """
        ...

    def development(self) -> list[Question]:
        """The development questions, on which settings, rounds and steps are chosen: neither trained on nor tested.

        Raises:
            UserError: there are not enough questions.
        """
        return []


def count_faults(source: QuestionSource) -> list[str]:
    """Faults of what every source is configured with: the numbers of questions, and the answer stem."""
    positive = {
        "train_per_round": source.train_per_round,
        "screen": source.screen,
        "screen_prefixes": source.screen_prefixes,
    }
    faults = [f"questions.{key} is {value}: give 1 or more" for key, value in positive.items() if value < 1]
    counts = {
        "held_out": source.held_out,
        "held_out_unseen": source.held_out_unseen,
        "development": source.num_development,
    }
    faults += [f"questions.{key} is {value}: give 0 or more" for key, value in counts.items() if value < 0]
    if not source.answer_stem.strip():
        faults.append(
            'questions.answer_stem is empty: give the text that introduces an answer, such as "The answer is"'
        )
    return faults


def require_round_number(round_number: int) -> None:
    """Check that a round exists.

    Raises:
        ValueError: ``round_number`` is below 1.
    """
    if round_number < 1:
        raise ValueError(f"rounds count from 1, not {round_number}")
