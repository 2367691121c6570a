"""Questions from a file of the user's own."""

from functools import cached_property

from thoughtrank.errors import UserError
from thoughtrank.questions.protocol import count_faults
from thoughtrank.questions.rows.file_reader import Row, read_rows
from thoughtrank.questions.rows.row_source import LoadedQuestions, RowSource
from thoughtrank.questions.rows.row_to_question import row_to_question
from thoughtrank.records import Question
from thoughtrank.user_input.user_paths import user_path

FAMILY_COLUMN = "family"


class QuestionFile(RowSource):
    """Questions from JSON lines or Parquet, the first of them held out; see ``RowSource``.

    Args:
        path: a .jsonl, .json or .ndjson file with one JSON object per line, or a .parquet file.
        seed: determines the order, and so which questions are held out.
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
        super().__init__(seed=seed, train_per_round=train_per_round, held_out=held_out)
        self.path = user_path(path)
        self.question_column = question_column
        self.answer_column = answer_column

    def faults(self, *, rounds: int) -> list[str]:
        """Wrong settings, an unreadable file, or too few questions; see ``QuestionSource``."""
        faults = count_faults(self)
        try:
            self._loaded  # noqa: B018  (reading it once is the check)
        except UserError as error:
            return [*faults, *error.faults]
        return faults or self._too_few(rounds=rounds)

    def _too_few(self, *, rounds: int) -> list[str]:
        found = len(self._loaded.train) + len(self._loaded.held_out)
        wanted = self.held_out + rounds * self.train_per_round
        if found >= wanted:
            return []
        return [
            f"{self.path} has {found} questions, but {wanted} are asked for ({self.held_out} held out and "
            f"{rounds} rounds of {self.train_per_round}): add questions or lower questions.held_out, "
            f"questions.train_per_round or the number of rounds.{self._skipped_rows_hint()}"
        ]

    @cached_property
    def _loaded(self) -> LoadedQuestions:
        columns = (self.question_column, self.answer_column, FAMILY_COLUMN)
        skipped_rows: list[str] = []
        questions = self._collect(
            read_rows(self.path, columns=tuple(dict.fromkeys(columns))),
            row_name=lambda number: f"{self.path}:{number}",
            skipped_rows=skipped_rows,
            seen={},
        )
        return LoadedQuestions(questions[self.held_out :], questions[: self.held_out], skipped_rows)

    def _question(self, row: Row) -> Question:
        return row_to_question(
            row.values,
            question_column=self.question_column,
            answer_column=self.answer_column,
            family_column=FAMILY_COLUMN,
            source="file",
        )
