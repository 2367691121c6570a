"""What questions read from rows have in common: their order, and which of them are trained on and which held out."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.file_reader import Row
from thoughtrank.questions.rows.row_to_question import BadRowError, digest
from thoughtrank.records import Question


class LoadedQuestions(NamedTuple):
    """What was read.

    Attributes:
        train: training questions of all rounds, in their order.
        held_out: questions that may be held out, in their order.
        skipped_rows: rows that are left out, each with its place and what is wrong with it.
    """

    train: list[Question]
    held_out: list[Question]
    skipped_rows: list[str]


class RowSource:
    """Questions from somebody's rows, shuffled by the seed.

    A question keeps its place among the others when rows are added or moved, because the place follows from its text.
    Rows that cannot be used are left out and listed in ``skipped_rows``. There are no unseen families.

    Args:
        seed: decides the order.
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions.
    """

    def __init__(self, *, seed: int, train_per_round: int, held_out: int) -> None:
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out

    @property
    def skipped_rows(self) -> list[str]:
        """Rows that are left out, with their places.

        Raises:
            UserError: the rows as a whole cannot be read.
        """
        return list(self._loaded.skipped_rows)

    def train(self, round_number: int) -> list[Question]:
        """The questions of one round, counted from 1; see ``QuestionSource``.

        Raises:
            UserError: the rows cannot be read, or there are too few questions.
            ValueError: the round is below 1.
        """
        if round_number < 1:
            raise ValueError(f"rounds count from 1, not {round_number}")
        self._require(rounds=round_number)
        stop = round_number * self.train_per_round
        return self._loaded.train[stop - self.train_per_round : stop]

    def evaluation(self) -> list[Question]:
        """The held-out questions; see ``QuestionSource``.

        Raises:
            UserError: the rows cannot be read, or there are too few questions.
        """
        self._require(rounds=0)
        return self._loaded.held_out[: self.held_out]

    def _require(self, *, rounds: int) -> None:
        faults = self._too_few(rounds=rounds)
        if faults:
            raise UserError(*faults)

    def _knob_faults(self) -> list[str]:
        faults = []
        if self.train_per_round < 1:
            faults.append(f"questions.train_per_round is {self.train_per_round}: give 1 or more.")
        if self.held_out < 0:
            faults.append(f"questions.held_out is {self.held_out}: give 0 or more.")
        return faults

    def _hint(self) -> str:
        """What else may be the cause of too few questions."""
        skipped_rows = self._loaded.skipped_rows
        return f" {len(skipped_rows)} rows could not be used, the first is {skipped_rows[0]}." if skipped_rows else ""

    def _collect(
        self, rows: Iterable[Row], *, place: Callable[[int], str], skipped_rows: list[str], known: dict[str, str]
    ) -> list[Question]:
        """The good questions among ``rows``, in their shuffled order.

        Args:
            rows: as they were read.
            place: from a row's number to what it is called in messages.
            skipped_rows: gets a line for each of the others.
            known: question id to place, of the questions read so far; gets the new ones.
        """
        questions = []
        for row in rows:
            try:
                if row.fault is not None:
                    raise BadRowError(row.fault)
                question = self._question(row)
                if question.question_id in known:
                    raise BadRowError(f"repeats the question of {known[question.question_id]}")
            except BadRowError as error:
                skipped_rows.append(f"{place(row.number)}: {error}")
                continue
            known[question.question_id] = place(row.number)
            questions.append(question)
        return sorted(questions, key=lambda question: digest(f"{self.seed}/{question.text}"))

    @cached_property
    def _loaded(self) -> LoadedQuestions:
        raise NotImplementedError

    def _too_few(self, *, rounds: int) -> list[str]:
        """What is missing for so many rounds, one sentence each."""
        raise NotImplementedError

    def _question(self, row: Row) -> Question:
        """The question of a row that could be read; ``BadRowError`` where it holds none."""
        raise NotImplementedError
