"""Questions from a dataset: on the hub, or a local copy in its published format."""

from collections.abc import Iterable
from functools import cached_property

from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import ConfiguredScorer
from thoughtrank.questions.protocol import count_faults
from thoughtrank.questions.rows.conversations import CONVERSATION_COLUMNS
from thoughtrank.questions.rows.dataset_reader import split_rows
from thoughtrank.questions.rows.file_reader import Row
from thoughtrank.questions.rows.loaded_questions import LoadedQuestions, ReadRows
from thoughtrank.questions.rows.row_source import RowSource, rounds_text
from thoughtrank.questions.rows.row_to_question import read_columns, row_to_question
from thoughtrank.records import Question, StatedKind


class DatasetQuestions(RowSource):
    """Questions from the splits of a dataset; see ``RowSource``.

    With a split of its own for test questions, all others come from the training split, without those that are also in it.

    Args:
        name: a hub id ``organisation/dataset``, a local file, or a folder with one file per split.
        seed: determines the order of the training questions.
        train_per_round: number of training questions in one round.
        held_out: number of test questions.
        development: number of development questions.
        screen: see ``QuestionSource``.
        screen_prefixes: see ``QuestionSource``.
        config_name: the dataset's configuration ("subset"); null where there is only one.
        train_split: the split with the training and development questions.
        held_out_split: the split with the test questions; null takes them from the training split.
        question_column: the column with the question, or with a conversation whose last user turn it is; a list joins several,
            one line each.
        answer_column: the column with the reference answer: text, number, true or false, or a list of accepted ones; it may be
            missing.
        answer_kind: kind of all reference answers, such as ``letter``; None finds it for each.
        family_column: the column with the kind of question; it may be missing.
        answer_after: the reference answer is what follows the last of these in its column; null takes all of it.
        streaming: download row by row instead of the whole split first.
        rows: limit on the rows read of a split, from its beginning; null reads all.
        answer_stem: the text that introduces a short forced answer.
        scorer: decides what is right; None compares with the reference answers.
    """

    def __init__(
        self,
        *,
        name: str,
        seed: int,
        train_per_round: int,
        held_out: int,
        development: int = 0,
        screen: int = 1,
        screen_prefixes: int = 6,
        config_name: str | None = None,
        train_split: str = "train",
        held_out_split: str | None = None,
        question_column: str | list[str] = "question",
        answer_column: str = "answer",
        answer_kind: StatedKind | None = None,
        family_column: str = "family",
        answer_after: str | None = None,
        streaming: bool = False,
        rows: int | None = None,
        answer_stem: str = "The answer is",
        scorer: ConfiguredScorer | None = None,
    ) -> None:
        super().__init__(
            seed=seed,
            train_per_round=train_per_round,
            held_out=held_out,
            development=development,
            screen=screen,
            screen_prefixes=screen_prefixes,
            answer_stem=answer_stem,
            scorer=scorer,
        )
        self.name = name
        self.config_name = config_name
        self.train_split = train_split
        self.held_out_split = held_out_split
        self.question_column = question_column
        self.answer_column = answer_column
        self.answer_kind = answer_kind
        self.family_column = family_column
        self.answer_after = answer_after
        self.streaming = streaming
        self.rows = rows

    def faults(self, *, rounds: int) -> list[str]:
        """Wrong settings, an unreadable dataset, or too few questions; see ``QuestionSource``. Downloads the dataset."""
        faults = [*count_faults(self), *self._scorer_faults()]
        if self.rows is not None and self.rows < 1:
            faults.append(f"questions.rows is {self.rows}: give 1 or more, or null for all")
        if faults:
            return faults
        try:
            return [*self._column_faults(), *self._too_few(rounds=rounds)]
        except UserError as error:
            return list(error.faults)

    def _too_few(self, *, rounds: int) -> list[str]:
        loaded, hint = self._loaded, self._skipped_rows_hint()
        faults = []
        if len(loaded.test) < self.held_out:
            faults.append(
                f"questions.name={self.name} has {len(loaded.test)} test questions, but questions.held_out={self.held_out} "
                f"are asked for: lower it, or raise questions.rows{hint}"
            )
        found = len(loaded.train) + len(loaded.development)
        wanted = self.num_development + rounds * self.train_per_round
        if found < wanted:
            development = f"{self.num_development} development questions and " if self.num_development else ""
            faults.append(
                f"questions.name={self.name} has {found} training questions, but {development}"
                f"{rounds_text(rounds, per_round=self.train_per_round)} are asked for: lower questions.train_per_round, "
                f"questions.development or the number of rounds, or raise questions.rows{hint}"
            )
        return faults and (self._none_usable() or faults)

    @cached_property
    def _loaded(self) -> LoadedQuestions:
        found = ReadRows()

        def read(split: str) -> list[Question]:
            return self._collect(
                self._rows(split),
                row_name=lambda number: f"{self.name} {split} row {number}",
                found=found,
            )

        if self.held_out_split is None:
            return self._split(read(self.train_split), held_out=self.held_out, found=found)
        # The test split first, so that a question of both splits is never trained on.
        test = read(self.held_out_split)
        rest = self._split(read(self.train_split), held_out=0, found=found)
        return rest._replace(test=test)

    def _rows(self, split: str) -> Iterable[Row]:
        return split_rows(
            name=self.name,
            config_name=self.config_name,
            split=split,
            columns=read_columns(self.question_column, self.answer_column, self.family_column),
            instead=CONVERSATION_COLUMNS,
            streaming=self.streaming,
            max_rows=self.rows,
        )

    def _question(self, row: Row) -> Question:
        return row_to_question(
            row.values,
            question_column=self.question_column,
            answer_column=self.answer_column,
            answer_kind=self.answer_kind,
            family_column=self.family_column,
            source="data",
            answer_after=self.answer_after,
        )
