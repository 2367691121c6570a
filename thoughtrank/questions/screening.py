"""Screening: more questions than a round asks are tried with a few thoughts, and those worth asking in full are kept.

A *genuine solution* is a right answer after a thought that raises its probability (a positive gain, where the engine scores),
neither of them cut. A question is worth asking in full if the model finds a genuine solution with some of the thoughts, but
not with all of them. Pure, apart from the source of the questions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from thoughtrank.questions.protocol import QuestionSource, require_round_number
from thoughtrank.questions.wrapped_source import WrappedSource
from thoughtrank.records import Question

Solved = Literal["sometimes", "never", "always"]
"""With how many of its thoughts a question was genuinely solved."""

_ORDER: tuple[Solved, ...] = ("sometimes", "never", "always")
"""The first of these that any question has is kept."""


@dataclass(frozen=True, slots=True)
class ScreenedQuestion:
    """One question that was screened.

    Attributes:
        question: its text.
        answer: the reference answer.
        thoughts: how many thoughts were tried.
        right: how many of them led to a right answer.
        genuine: how many of these are genuine solutions.
        own_right: whether the model's own thought, which begins with no prefix, led to a right answer.
        solved: with how many thoughts it was genuinely solved.
        kept: whether it is asked in full.
    """

    question_id: str
    family: str | None
    question: str
    answer: str | None
    thoughts: int
    right: int
    genuine: int
    own_right: bool
    solved: Solved
    kept: bool = False


def solved(*, genuine: int, thoughts: int) -> Solved:
    """With how many thoughts a question was genuinely solved, in a word."""
    if genuine == 0:
        return "never"
    return "always" if genuine == thoughts else "sometimes"


def keep(rows: Sequence[ScreenedQuestion], *, at_most: int) -> list[ScreenedQuestion]:
    """All rows in their order, with ``kept`` where the question is asked in full.

    Kept are those that are solved sometimes. Where there are more than ``at_most``, families take turns, so that rare kinds are
    kept; within a family the first ones are. Where there is none, those that are never solved are kept in the same way, since
    more thoughts may solve them, and without these those that always are.
    """
    found = {row.solved for row in rows}
    wanted = next((each for each in _ORDER if each in found), None)
    chosen = set(_in_turn([row for row in rows if row.solved == wanted])[:at_most])
    return [replace(row, kept=row.question_id in chosen) for row in rows]


def _in_turn(rows: Iterable[ScreenedQuestion]) -> list[str]:
    """Ids of the questions, one of each family at a time."""
    turns: dict[str | None, int] = {}
    order: list[tuple[int, int, str]] = []
    for row in rows:
        turns[row.family] = turns.get(row.family, 0) + 1
        order.append((turns[row.family], len(order), row.question_id))
    return [question_id for *_, question_id in sorted(order)]


class ScreeningPool(WrappedSource):
    """A source whose rounds have ``screen`` times as many training questions: those to screen.

    The questions of round r are those of rounds (r − 1) · ``screen`` + 1 to r · ``screen`` of the source, so that rounds stay
    disjoint and do not depend on their number.

    Args:
        source: the run's own.
    """

    def faults(self, *, rounds: int) -> list[str]:
        """Faults of the source, which needs the questions of as many rounds as are screened."""
        return self._source.faults(rounds=rounds * self.screen)

    def train(self, round_number: int) -> list[Question]:
        """The questions to screen before a round; see ``QuestionSource``.

        Raises:
            UserError: the source has not enough questions.
            ValueError: ``round_number`` is below 1.
        """
        require_round_number(round_number)
        numbers = range((round_number - 1) * self.screen + 1, round_number * self.screen + 1)
        return [question for number in numbers for question in self._source.train(number)]


def with_screening(source: QuestionSource) -> QuestionSource:
    """``source``, with the questions to screen as those of its rounds where it asks for that."""
    return ScreeningPool(source) if source.screen > 1 else source
