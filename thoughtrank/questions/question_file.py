"""Questions from a file of the user's own."""

from functools import cached_property

from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import ConfiguredScorer
from thoughtrank.questions.protocol import count_faults
from thoughtrank.questions.rows.conversations import CONVERSATION_COLUMNS
from thoughtrank.questions.rows.file_reader import Row, read_rows
from thoughtrank.questions.rows.loaded_questions import LoadedQuestions, ReadRows
from thoughtrank.questions.rows.row_source import RowSource, rounds_text
from thoughtrank.questions.rows.row_to_question import read_columns, row_to_question
from thoughtrank.records import Question, StatedKind
from thoughtrank.user_input.user_paths import user_path

FAMILY_COLUMN = "family"


class QuestionFile(RowSource):
    """Questions from JSON lines or Parquet; see ``RowSource``.

    Args:
        path: a .jsonl, .json or .ndjson file with one JSON object per line, or a .parquet file.
        seed: determines the order of the training questions.
        train_per_round: number of training questions in one round.
        held_out: number of test questions.
        development: number of development questions.
        screen: see ``QuestionSource``.
        screen_prefixes: see ``QuestionSource``.
        question_column: the field with the question, or with a conversation whose last user turn it is; a list joins several,
            one line each.
        answer_column: the field with the reference answer: text, number, true or false, or a list of accepted ones; it may be
            missing.
        answer_kind: kind of all reference answers, such as ``letter``; None finds it for each.
        answer_stem: the text that introduces a short forced answer.
        scorer: decides what is right; None compares with the reference answers.
    """

    def __init__(
        self,
        *,
        path: str,
        seed: int,
        train_per_round: int,
        held_out: int,
        development: int = 0,
        screen: int = 1,
        screen_prefixes: int = 6,
        question_column: str | list[str] = "question",
        answer_column: str = "answer",
        answer_kind: StatedKind | None = None,
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
        self.path = user_path(path)
        self.question_column = question_column
        self.answer_column = answer_column
        self.answer_kind = answer_kind

    def faults(self, *, rounds: int) -> list[str]:
        """Wrong settings, an unreadable file, or too few questions; see ``QuestionSource``."""
        faults = [*count_faults(self), *self._scorer_faults()]
        try:
            self._loaded  # noqa: B018  (reading it once is the check)
        except UserError as error:
            return [*faults, *error.faults]
        return faults or [*self._column_faults(), *self._too_few(rounds=rounds)]

    def notes(self) -> list[str]:
        """Also a named column without any answer; see ``RowSource``."""
        notes = super().notes()
        try:
            questions = self._questions_by_id.values()
        except UserError:  # a fault
            return notes
        if questions and self.answer_column != "answer" and all(each.answer is None for each in questions):
            notes.append(
                f"no row of {self.path} has an answer in questions.answer_column={self.answer_column}, so no question has a "
                "reference answer; a field inside another one has to become a column of its own"
            )
        return notes

    def _too_few(self, *, rounds: int) -> list[str]:
        found = sum(map(len, (self._loaded.train, self._loaded.development, self._loaded.test)))
        wanted = self.held_out + self.num_development + rounds * self.train_per_round
        if found >= wanted:
            return []
        if unusable := self._none_usable():
            return unusable
        development = f"{self.num_development} for development, " if self.num_development else ""
        return [
            f"{self.path} has {found} questions, but {wanted} are asked for ({self.held_out} for test, {development}"
            f"{rounds_text(rounds, per_round=self.train_per_round)}): add questions or lower questions.held_out, "
            f"questions.development, questions.train_per_round or the number of rounds{self._skipped_rows_hint()}"
        ]

    @cached_property
    def _loaded(self) -> LoadedQuestions:
        found = ReadRows()
        questions = self._collect(
            read_rows(
                self.path,
                columns=read_columns(self.question_column, self.answer_column, FAMILY_COLUMN),
                instead=CONVERSATION_COLUMNS,
            ),
            row_name=lambda number: f"{self.path}:{number}",
            found=found,
        )
        return self._split(questions, held_out=self.held_out, found=found)

    def _question(self, row: Row) -> Question:
        return row_to_question(
            row.values,
            question_column=self.question_column,
            answer_column=self.answer_column,
            answer_kind=self.answer_kind,
            family_column=FAMILY_COLUMN,
            source="file",
        )
