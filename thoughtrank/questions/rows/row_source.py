"""Base class of question sources that read rows: their order, and the split into training, development and test questions."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import AcceptedScorer, ConfiguredScorer, ReferenceScorer, Scorer
from thoughtrank.questions.protocol import QuestionSource, require_round_number
from thoughtrank.questions.rows.bad_row import BadRowError
from thoughtrank.questions.rows.conversations import CONVERSATION_COLUMNS
from thoughtrank.questions.rows.file_reader import Row
from thoughtrank.questions.rows.loaded_questions import LoadedQuestions, ReadRows
from thoughtrank.questions.rows.question_column import question_column_fix
from thoughtrank.questions.rows.row_to_question import OPTION_COLUMNS, column_names, digest
from thoughtrank.records import Question


def rounds_text(rounds: int, *, per_round: int) -> str:
    """How many questions so many rounds take, as text."""
    return f"{rounds} {'round' if rounds == 1 else 'rounds'} of {per_round}"


class RowSource(QuestionSource):
    """Questions from rows, split by a hash of their texts.

    In the order of the hash, the first are for test and the last for development, whatever the seed; the seed orders those
    between, which are trained on. So test questions stay when more of them, or development questions, are asked for, and a
    question's position depends on no other row. Unusable rows are left out and listed in ``skipped_rows``. There are no unseen
    families.

    Args:
        seed: determines the order of the training questions.
        train_per_round: number of training questions in one round.
        held_out: number of test questions.
        development: number of development questions.
        screen: see ``QuestionSource``.
        screen_prefixes: see ``QuestionSource``.
        answer_stem: the text that introduces a short forced answer.
        scorer: decides what is right; None compares with the reference answers.
    """

    question_column: str | list[str] = "question"
    answer_column: str = "answer"

    def __init__(
        self,
        *,
        seed: int,
        train_per_round: int,
        held_out: int,
        development: int,
        answer_stem: str,
        screen: int = 1,
        screen_prefixes: int = 6,
        scorer: ConfiguredScorer | None = None,
    ) -> None:
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out
        self.num_development = development
        self.screen = screen
        self.screen_prefixes = screen_prefixes
        self.answer_stem = answer_stem
        self._configured = scorer

    @property
    def scorer(self) -> Scorer:
        """The configured one; else it compares with the reference answers. Either takes all that a question accepts."""
        return self._scorer

    @cached_property
    def _scorer(self) -> Scorer:
        if self._configured is not None:
            return AcceptedScorer(scorer=self._configured, questions=self._by_id)
        return ReferenceScorer(questions=self._by_id)

    def _scorer_faults(self) -> list[str]:
        """Faults of the configured scorer."""
        return [] if self._configured is None else [f"questions.scorer: {fault}" for fault in self._configured.faults()]

    def _by_id(self) -> dict[str, Question]:
        return self._questions_by_id

    @cached_property
    def _questions_by_id(self) -> dict[str, Question]:
        loaded = self._loaded
        return {each.question_id: each for part in (loaded.train, loaded.development, loaded.test) for each in part}

    @property
    def skipped_rows(self) -> list[str]:
        """See ``QuestionSource``."""
        return list(self._loaded.skipped_rows)

    @property
    def num_read(self) -> int | None:
        """See ``QuestionSource``. What could not be read is not tried again: a dataset may be far away."""
        loaded: LoadedQuestions | None = vars(self).get("_loaded")
        return None if loaded is None else sum(map(len, (loaded.train, loaded.development, loaded.test)))

    def notes(self) -> list[str]:
        """Repeated questions with another answer, and columns with options that are not read; see ``QuestionSource``."""
        try:
            self._loaded  # noqa: B018  (reading it once is the check)
        except UserError:  # a fault
            return []
        return [*self._conflict_notes(), *self._option_notes()]

    def _option_notes(self) -> list[str]:
        """Columns of multiple-choice rows that are part of no question."""
        used = {*column_names(self.question_column), self.answer_column}
        unused = [each for each in OPTION_COLUMNS if each in self._loaded.columns and each not in used]
        if not unused or not self._questions_by_id:
            return []
        return [
            f"the rows have {' and '.join(unused)} beside the question: it is asked without options that are not in its "
            "text, and an index is not read as a letter; docs/config/questions.md#multiple-choice converts such rows"
        ]

    def _conflict_notes(self) -> list[str]:
        """Rows that give a question another answer than an earlier one."""
        conflicts = self._loaded.conflicts
        if not conflicts:
            return []
        rows = "1 row repeats" if len(conflicts) == 1 else f"{len(conflicts):,} rows repeat"
        return [
            f"{rows} an earlier question with another answer, first {conflicts[0]}: only the first one counts; "
            "if the question is written in several columns, join them, as in 'questions.question_column=[Body,Question]'"
        ]

    def train(self, round_number: int) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the rows cannot be read, or there are too few questions.
            ValueError: ``round_number`` is below 1.
        """
        require_round_number(round_number)
        self._require(rounds=round_number)
        stop = round_number * self.train_per_round
        return self._loaded.train[stop - self.train_per_round : stop]

    def evaluation(self) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the rows cannot be read, or there are too few questions.
        """
        self._require(rounds=0)
        return self._loaded.test[: self.held_out]

    def development(self) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the rows cannot be read, or there are too few questions.
        """
        self._require(rounds=0)
        return list(self._loaded.development)

    def _require(self, *, rounds: int) -> None:
        faults = self._too_few(rounds=rounds)
        if faults:
            raise UserError(*faults)

    def _skipped_rows_hint(self) -> str:
        """Another possible cause of too few questions; empty where no row was skipped."""
        skipped = self._loaded.skipped_rows
        rows = "1 row" if len(skipped) == 1 else f"{len(skipped)} rows"
        return f"; {rows} could not be used, the first is {skipped[0]}" if skipped else ""

    def _none_usable(self) -> list[str]:
        """The fault where no row can be used: that of the first one, and what to do; none where one can, or there is none."""
        skipped, columns = self._loaded.skipped_rows, self._loaded.columns
        if self._questions_by_id or not skipped:
            return []
        others = "It is the only row" if len(skipped) == 1 else f"None of the {len(skipped)} rows can be used"
        if not columns:
            fix = "give one JSON object per line, in UTF-8"
        elif columns.isdisjoint({column_names(self.question_column)[0], *CONVERSATION_COLUMNS}):
            fix = question_column_fix(columns)
        else:
            fix = "correct the rows, or name other columns with questions.question_column and questions.answer_column"
        return [f"{skipped[0]}. {others}: {fix}."]

    def _collect(self, rows: Iterable[Row], *, row_name: Callable[[int], str], found: ReadRows) -> list[Question]:
        """The usable questions of ``rows``, in the order of the hash of their texts.

        Args:
            rows: in their original order.
            row_name: from a row's number to its name in messages.
            found: in the rows read so far; gets what is found in these.
        """
        questions = []
        for row in rows:
            found.columns.update(map(str, row.values))
            try:
                if row.fault is not None:
                    raise BadRowError(row.fault)
                question = self._question(row)
                found.add(question, name=row_name(row.number))
            except BadRowError as error:
                found.skipped.append(f"{row_name(row.number)}: {error}")
                continue
            questions.append(question)
        return sorted(questions, key=lambda question: digest(question.key))

    def _split(self, questions: Sequence[Question], *, held_out: int, found: ReadRows) -> LoadedQuestions:
        """The three parts of questions in the order of the hash; where there are too few, the test set comes first.

        Args:
            questions: as ``_collect`` returns them.
            held_out: number of test questions among them.
            found: in the rows beside them.
        """
        stop = max(held_out, len(questions) - self.num_development)
        return LoadedQuestions(
            train=sorted(questions[held_out:stop], key=lambda question: digest(f"{self.seed}/{question.key}")),
            development=list(questions[stop:]),
            test=list(questions[:held_out]),
            skipped_rows=found.skipped,
            conflicts=found.conflicts,
            columns=found.columns,
        )

    def _column_faults(self) -> list[str]:
        """Columns that are joined to the question and that no row has: the question would be asked without that part."""
        columns, there = column_names(self.question_column), self._loaded.columns
        missing = [each for each in columns[1:] if each not in there] if columns[0] in there else []
        if not missing:
            return []
        names = " and ".join(map(repr, missing))
        return [f"questions.question_column: no row has {names}: correct the name, or leave it out."]

    @cached_property
    @abstractmethod
    def _loaded(self) -> LoadedQuestions:
        """All usable questions, read once."""

    @abstractmethod
    def _too_few(self, *, rounds: int) -> list[str]:
        """Which questions are missing for so many rounds, one sentence each."""

    @abstractmethod
    def _question(self, row: Row) -> Question:
        """The question of one row.

        Raises:
            BadRowError: the row cannot be used.
        """
