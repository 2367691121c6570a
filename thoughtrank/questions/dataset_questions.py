"""Questions from a dataset: on the hub, or a local copy in its published format."""

from collections.abc import Iterable
from functools import cached_property

from thoughtrank.errors import UserError
from thoughtrank.questions.protocol import count_faults
from thoughtrank.questions.rows.dataset_reader import split_rows
from thoughtrank.questions.rows.file_reader import Row
from thoughtrank.questions.rows.row_source import LoadedQuestions, RowSource
from thoughtrank.questions.rows.row_to_question import row_to_question
from thoughtrank.records import Question


class DatasetQuestions(RowSource):
    """Questions from the splits of a dataset; see ``RowSource``.

    A training question that is also held out is left out.

    Args:
        name: a hub id ``organisation/dataset``, a local file, or a folder with one file per split.
        seed: determines the order.
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions.
        config_name: the dataset's configuration ("subset"); null where there is only one.
        train_split: the split with the training questions.
        held_out_split: the split with the held-out questions; null holds out questions of the training split.
        question_column: the column with the question.
        answer_column: the column with the reference answer, text or number; it may be missing.
        family_column: the column with the kind of question; it may be missing.
        answer_after: the reference answer is what follows the last of these in its column; null takes all of it.
        streaming: download row by row instead of the whole split first.
        rows: limit on the rows read of a split, from its beginning; null reads all.
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
        super().__init__(seed=seed, train_per_round=train_per_round, held_out=held_out)
        self.name = name
        self.config_name = config_name
        self.train_split = train_split
        self.held_out_split = held_out_split
        self.question_column = question_column
        self.answer_column = answer_column
        self.family_column = family_column
        self.answer_after = answer_after
        self.streaming = streaming
        self.rows = rows

    def faults(self, *, rounds: int) -> list[str]:
        """Wrong settings, an unreadable dataset, or too few questions; see ``QuestionSource``. Downloads the dataset."""
        faults = count_faults(self)
        if self.rows is not None and self.rows < 1:
            faults.append(f"questions.rows is {self.rows}: give 1 or more, or null for all.")
        if faults:
            return faults
        try:
            return self._too_few(rounds=rounds)
        except UserError as error:
            return list(error.faults)

    def _too_few(self, *, rounds: int) -> list[str]:
        train, held_out, _ = self._loaded
        hint = self._skipped_rows_hint()
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
    def _loaded(self) -> LoadedQuestions:
        skipped_rows: list[str] = []
        seen: dict[str, str] = {}

        def read(split: str) -> list[Question]:
            return self._collect(
                self._rows(split),
                row_name=lambda number: f"{self.name} {split} row {number}",
                skipped_rows=skipped_rows,
                seen=seen,
            )

        if self.held_out_split is None:
            questions = read(self.train_split)
            return LoadedQuestions(questions[self.held_out :], questions[: self.held_out], skipped_rows)
        # The held-out split first, so that a question of both splits stays held out.
        held_out = read(self.held_out_split)
        return LoadedQuestions(read(self.train_split), held_out, skipped_rows)

    def _rows(self, split: str) -> Iterable[Row]:
        columns = (self.question_column, self.answer_column, self.family_column)
        return split_rows(
            name=self.name,
            config_name=self.config_name,
            split=split,
            columns=tuple(dict.fromkeys(columns)),
            streaming=self.streaming,
            max_rows=self.rows,
        )

    def _question(self, row: Row) -> Question:
        return row_to_question(
            row.values,
            question_column=self.question_column,
            answer_column=self.answer_column,
            family_column=self.family_column,
            source="data",
            answer_after=self.answer_after,
        )
