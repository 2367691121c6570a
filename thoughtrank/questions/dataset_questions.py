"""Questions from a dataset: on the hub, or a local copy in its published format."""

from collections.abc import Iterable
from functools import cached_property

from thoughtrank.errors import UserError
from thoughtrank.questions.dataset_rows import split_rows
from thoughtrank.questions.file_rows import Row
from thoughtrank.questions.row_question import BadRowError, digest, row_question
from thoughtrank.records import Question

VERSION = 1
"""Raise it whenever the same dataset would give other questions."""


class DatasetQuestions:
    """Questions from the splits of a dataset, shuffled by the seed.

    A question keeps its place among the others when rows are added or moved, because the place follows from its text.
    Rows that cannot be used are left out and listed in ``bad_rows``. A training question that is held out as well is left
    out too. There are no unseen families.

    Args:
        name: a hub id ``organisation/dataset``, a local file, or a folder with one file per split.
        seed: decides the order.
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions.
        config_name: the dataset's configuration ("subset"); null where it has one only.
        train_split: the split with the training questions.
        held_out_split: the split with the held-out questions; null holds out questions of the training split.
        question_column: the column with the question.
        answer_column: the column with the reference answer, text or number; it may be missing.
        family_column: the column with the kind of question; it may be missing.
        answer_after: the reference answer is what follows the last of these in its column; null takes all of it.
        streaming: fetch row by row instead of the whole split first.
        rows: most rows to read of a split, from its beginning; null reads all.
    """

    def __init__(
        self,
        *,
        name: str,
        seed: int,
        train_per_round: int,
        held_out: int,
        config_name: str | None = None,
        train_split: str = "train",
        held_out_split: str | None = None,
        question_column: str = "question",
        answer_column: str = "answer",
        family_column: str = "family",
        answer_after: str | None = None,
        streaming: bool = False,
        rows: int | None = None,
    ) -> None:
        self.name = name
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out
        self.config_name = config_name
        self.train_split = train_split
        self.held_out_split = held_out_split
        self.question_column = question_column
        self.answer_column = answer_column
        self.family_column = family_column
        self.answer_after = answer_after
        self.streaming = streaming
        self.rows = rows

    @property
    def bad_rows(self) -> list[str]:
        """Rows that are left out, as ``name split row: what is wrong``.

        Raises:
            UserError: the dataset cannot be read.
        """
        return list(self._loaded[2])

    def faults(self, *, rounds: int) -> list[str]:
        """Bad knobs, a dataset that cannot be read, or too few questions; see ``QuestionSource``. Fetches the dataset."""
        faults = []
        if self.train_per_round < 1:
            faults.append(f"questions.train_per_round is {self.train_per_round}: give 1 or more.")
        if self.held_out < 0:
            faults.append(f"questions.held_out is {self.held_out}: give 0 or more.")
        if self.rows is not None and self.rows < 1:
            faults.append(f"questions.rows is {self.rows}: give 1 or more, or null for all.")
        if faults:
            return faults
        try:
            return self._too_few(rounds=rounds)
        except UserError as error:
            return list(error.faults)

    def train(self, round_number: int) -> list[Question]:
        """The questions of one round, counted from 1; see ``QuestionSource``.

        Raises:
            UserError: the dataset cannot be read or has too few questions.
            ValueError: the round is below 1.
        """
        if round_number < 1:
            raise ValueError(f"rounds count from 1, not {round_number}")
        self._require(rounds=round_number)
        stop = round_number * self.train_per_round
        return self._loaded[0][stop - self.train_per_round : stop]

    def evaluation(self) -> list[Question]:
        """The held-out questions; see ``QuestionSource``.

        Raises:
            UserError: the dataset cannot be read or has too few questions.
        """
        self._require(rounds=0)
        return self._loaded[1][: self.held_out]

    def identity(self) -> dict[str, object]:
        """The knobs, and what was read rather than where it lies; see ``QuestionSource``.

        Raises:
            UserError: the dataset cannot be read.
        """
        train, held_out, _ = self._loaded
        text = "\n".join(f"{each.question_id} {each.answer!r} {each.family!r}" for each in [*train, *held_out])
        return {
            "source": "dataset",
            "version": VERSION,
            "sha256": digest(text),
            "seed": self.seed,
            "train_per_round": self.train_per_round,
            "held_out": self.held_out,
        }

    def _require(self, *, rounds: int) -> None:
        faults = self._too_few(rounds=rounds)
        if faults:
            raise UserError(*faults)

    def _too_few(self, *, rounds: int) -> list[str]:
        train, held_out, bad_rows = self._loaded
        hint = f" {len(bad_rows)} rows could not be used, the first is {bad_rows[0]}." if bad_rows else ""
        faults = []
        if len(held_out) < self.held_out:
            faults.append(
                f"questions.name={self.name} has {len(held_out)} questions to hold out, but questions.held_out={self.held_out} "
                f"are asked for: lower it, or raise questions.rows.{hint}"
            )
        wanted = rounds * self.train_per_round
        if len(train) < wanted:
            faults.append(
                f"questions.name={self.name} has {len(train)} training questions, but {rounds} rounds of "
                f"{self.train_per_round} are asked for: lower questions.train_per_round or the number of rounds, or raise "
                f"questions.rows.{hint}"
            )
        return faults

    @cached_property
    def _loaded(self) -> tuple[list[Question], list[Question], list[str]]:
        """Training questions and held-out questions in their shuffled order, and the bad rows."""
        bad_rows: list[str] = []
        if self.held_out_split is None:
            questions = self._read(self.train_split, bad_rows=bad_rows, known={})
            return questions[self.held_out :], questions[: self.held_out], bad_rows
        # The held-out split first: a question of both stays held out.
        known: dict[str, str] = {}
        held_out = self._read(self.held_out_split, bad_rows=bad_rows, known=known)
        return self._read(self.train_split, bad_rows=bad_rows, known=known), held_out, bad_rows

    def _read(self, split: str, *, bad_rows: list[str], known: dict[str, str]) -> list[Question]:
        questions = []
        for row in self._rows(split):
            place = f"{self.name} {split} row {row.number}"
            try:
                question = self._question(row)
                if question.question_id in known:
                    raise BadRowError(f"repeats the question of {known[question.question_id]}")
            except BadRowError as error:
                bad_rows.append(f"{place}: {error}")
                continue
            known[question.question_id] = place
            questions.append(question)
        return sorted(questions, key=lambda question: digest(f"{self.seed}/{question.text}"))

    def _rows(self, split: str) -> Iterable[Row]:
        columns = (self.question_column, self.answer_column, self.family_column)
        return split_rows(
            name=self.name,
            config_name=self.config_name,
            split=split,
            columns=tuple(dict.fromkeys(columns)),
            streaming=self.streaming,
            most=self.rows,
        )

    def _question(self, row: Row) -> Question:
        if row.fault is not None:
            raise BadRowError(row.fault)
        return row_question(
            row.values,
            question_column=self.question_column,
            answer_column=self.answer_column,
            family_column=self.family_column,
            source="data",
            answer_after=self.answer_after,
        )
