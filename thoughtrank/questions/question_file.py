"""Questions from a file of the user's own."""

import hashlib
from functools import cached_property
from pathlib import Path

from thoughtrank.errors import UserError
from thoughtrank.questions.file_rows import Row, read_bytes, read_rows
from thoughtrank.questions.row_question import BadRowError, digest, row_question
from thoughtrank.records import Question

VERSION = 1
"""Raise it whenever the same file would give other questions."""

FAMILY_COLUMN = "family"


class QuestionFile:
    """Questions from JSON lines or Parquet, shuffled by the seed, the first of them held out.

    A question keeps its place among the others when rows are added or moved, because the place follows from its text.
    Rows that cannot be used are left out and listed in ``bad_rows``. There are no unseen families.

    Args:
        path: a .jsonl, .json or .ndjson file with one JSON object per line, or a .parquet file.
        seed: decides the order, and so what is held out.
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions.
        question_column: the field with the question.
        answer_column: the field with the reference answer, a string or a number; it may be missing.
    """

    def __init__(
        self,
        *,
        path: str,
        seed: int,
        train_per_round: int,
        held_out: int,
        question_column: str = "question",
        answer_column: str = "answer",
    ) -> None:
        self.path = Path(path).expanduser()
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out
        self.question_column = question_column
        self.answer_column = answer_column

    @property
    def bad_rows(self) -> list[str]:
        """Rows that are left out, as ``path:line: what is wrong`` (row number, from 1, in a Parquet file).

        Raises:
            UserError: the file as a whole cannot be read.
        """
        return list(self._loaded[1])

    def faults(self, *, rounds: int) -> list[str]:
        """Bad knobs, an unreadable file, or too few questions; see ``QuestionSource``."""
        faults = []
        if self.train_per_round < 1:
            faults.append(f"questions.train_per_round is {self.train_per_round}: give 1 or more.")
        if self.held_out < 0:
            faults.append(f"questions.held_out is {self.held_out}: give 0 or more.")
        try:
            self._loaded  # noqa: B018  (reading it once is the check)
        except UserError as error:
            return [*faults, *error.faults]
        return faults or self._too_few(rounds=rounds)

    def train(self, round_number: int) -> list[Question]:
        """The questions of one round, counted from 1; see ``QuestionSource``.

        Raises:
            UserError: the file cannot be read or has too few questions.
            ValueError: the round is below 1.
        """
        if round_number < 1:
            raise ValueError(f"rounds count from 1, not {round_number}")
        self._require(rounds=round_number)
        stop = self.held_out + round_number * self.train_per_round
        return self._loaded[0][stop - self.train_per_round : stop]

    def evaluation(self) -> list[Question]:
        """The held-out questions; see ``QuestionSource``.

        Raises:
            UserError: the file cannot be read or has too few questions.
        """
        self._require(rounds=0)
        return self._loaded[0][: self.held_out]

    def identity(self) -> dict[str, object]:
        """All knobs, and what is in the file rather than where it lies; see ``QuestionSource``.

        Raises:
            UserError: the file cannot be read.
        """
        return {
            "source": "question_file",
            "version": VERSION,
            "sha256": hashlib.sha256(read_bytes(self.path)).hexdigest(),
            "suffix": self.path.suffix.lower(),
            "seed": self.seed,
            "train_per_round": self.train_per_round,
            "held_out": self.held_out,
            "question_column": self.question_column,
            "answer_column": self.answer_column,
        }

    def _require(self, *, rounds: int) -> None:
        faults = self._too_few(rounds=rounds)
        if faults:
            raise UserError(*faults)

    def _too_few(self, *, rounds: int) -> list[str]:
        questions, bad_rows = self._loaded
        wanted = self.held_out + rounds * self.train_per_round
        if len(questions) >= wanted:
            return []
        hint = f" {len(bad_rows)} rows could not be used, the first is {bad_rows[0]}." if bad_rows else ""
        return [
            f"{self.path} has {len(questions)} questions, but {wanted} are asked for ({self.held_out} held out and "
            f"{rounds} rounds of {self.train_per_round}): add questions or lower questions.held_out, "
            f"questions.train_per_round or the number of rounds.{hint}"
        ]

    @cached_property
    def _loaded(self) -> tuple[list[Question], list[str]]:
        """The good questions in their shuffled order, and the bad rows."""
        questions: list[Question] = []
        bad_rows: list[str] = []
        first_seen: dict[str, int] = {}
        columns = (self.question_column, self.answer_column, FAMILY_COLUMN)
        for row in read_rows(self.path, columns=tuple(dict.fromkeys(columns))):
            try:
                question = self._question(row)
                if question.question_id in first_seen:
                    raise BadRowError(f"repeats the question of {self.path}:{first_seen[question.question_id]}")
            except BadRowError as error:
                bad_rows.append(f"{self.path}:{row.number}: {error}")
                continue
            first_seen[question.question_id] = row.number
            questions.append(question)
        questions.sort(key=lambda question: digest(f"{self.seed}/{question.text}"))
        return questions, bad_rows

    def _question(self, row: Row) -> Question:
        if row.fault is not None:
            raise BadRowError(row.fault)
        return row_question(
            row.values,
            question_column=self.question_column,
            answer_column=self.answer_column,
            family_column=FAMILY_COLUMN,
            source="file",
        )
