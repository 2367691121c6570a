"""Imports candidates from elsewhere: valid rows are written as an import, every other row is reported."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.bad_row import BadRowError, require_encodable
from thoughtrank.questions.rows.conversations import (
    CONVERSATION_COLUMNS,
    SYSTEM_COLUMN,
    first_reasoning_tag,
    is_conversation,
)
from thoughtrank.questions.rows.file_reader import Row, read_rows
from thoughtrank.questions.rows.question_column import columns_text
from thoughtrank.questions.rows.row_to_question import ANSWERS_COLUMN, plain_text, row_to_question
from thoughtrank.records import Finish, Question
from thoughtrank.storage.imported_candidates import ImportedCandidate, ImportedCandidates

COLUMNS = (
    "thought",
    "answer",
    "question",
    "question_id",
    "reference",
    "family",
    "prefix",
    "thought_tokens",
    "answer_tokens",
    "thought_finish",
    "answer_finish",
    *CONVERSATION_COLUMNS,
    SYSTEM_COLUMN,
)
"""Columns of a row; others are ignored."""


@dataclass(slots=True)
class ImportReport:
    """What was imported and what was not.

    Attributes:
        questions: by their ``key``.
        candidates: number of candidates by question id.
        skipped_rows: rows that are left out, as ``FILE:LINE: reason`` (the row number in a Parquet file).
    """

    questions: dict[str, Question] = field(default_factory=dict)
    candidates: Counter[str] = field(default_factory=Counter)
    skipped_rows: list[str] = field(default_factory=list)

    @property
    def single_candidates(self) -> int:
        """Number of questions with a single candidate, which cannot be ranked."""
        return sum(count == 1 for count in self.candidates.values())

    @property
    def without_reference(self) -> int:
        """Number of questions without a reference answer."""
        return sum(question.answer is None for question in self.questions.values())


def import_files(*, files: Sequence[Path], folder: Path, known: Mapping[str, Question] | None = None) -> ImportReport:
    """Check the rows of some files and write the valid ones into ``folder``; a bounded number of them is held in memory.

    Args:
        files: ``.jsonl`` or ``.parquet``, with the columns ``COLUMNS``.
        folder: for the import; an earlier import in it is replaced.
        known: questions by id, for rows with a ``question_id`` in place of a ``question``.

    Raises:
        UserError: a file as a whole cannot be read, or no row can be used.
    """
    imported = ImportReport()
    rows = _numbered(files, imported=imported, known=known or {})
    first = next(rows, None)
    if first is None:
        reason = f"; the first is {imported.skipped_rows[0]}" if imported.skipped_rows else ""
        raise UserError(f"none of {len(imported.skipped_rows)} rows is a valid candidate{reason}")
    ImportedCandidates(folder).write_numbered(questions=imported.questions.values(), rows=chain([first], rows))
    return imported


def _numbered(
    files: Sequence[Path], *, imported: ImportReport, known: Mapping[str, Question]
) -> Iterator[tuple[int, ImportedCandidate]]:
    """The candidates, each with the number of its question."""
    numbers: dict[str, int] = {}
    for file in files:
        for candidate in _candidates(file, imported=imported, known=known):
            yield numbers.setdefault(candidate.question_id, len(numbers)), candidate


def _candidates(file: Path, *, imported: ImportReport, known: Mapping[str, Question]) -> Iterator[ImportedCandidate]:
    """The valid candidates of one file; what else is found is added to ``imported``."""
    for row in read_rows(file, columns=COLUMNS):
        try:
            question = _question(row, known=known)
            before = imported.questions.get(question.key)
            question_id = (before or question).question_id
            candidate = _candidate(row.values, question_id=question_id, number=imported.candidates[question_id])
            imported.questions[question.key] = _merged(before, question)
        except BadRowError as error:
            imported.skipped_rows.append(f"{file}:{row.number}: {error}")
            continue
        imported.candidates[question_id] += 1
        yield candidate


def _question(row: Row, *, known: Mapping[str, Question]) -> Question:
    if row.fault is not None:
        raise BadRowError(row.fault)
    conversations = (row.values.get(column) for column in CONVERSATION_COLUMNS)
    if row.values.get("question") is not None or any(map(is_conversation, conversations)):
        # Imported questions keep one reference.
        if isinstance(row.values.get("reference"), list | tuple):
            raise BadRowError("'reference' is neither a string nor a number")
        return row_to_question(
            {column: value for column, value in row.values.items() if column != ANSWERS_COLUMN},
            question_column="question",
            answer_column="reference",
            family_column="family",
            source="file",
        )
    question_id = row.values.get("question_id")
    if question_id is None:
        raise BadRowError(f"neither 'question' nor 'messages' nor 'question_id'{columns_text(row.values)}")
    if not known:
        raise BadRowError("no 'question'; to find it by its 'question_id', name the run it comes from with --run")
    if not isinstance(question_id, str) or question_id not in known:
        raise BadRowError(f"the run has no training question {question_id!r}")
    return known[question_id]


def _merged(before: Question | None, question: Question) -> Question:
    """One question from two rows: each may fill in what the other lacks, but they must not differ.

    Raises:
        BadRowError: they differ.
    """
    if before is None:
        return question
    for column, old, new in (("reference", before.answer, question.answer), ("family", before.family, question.family)):
        if None not in (old, new) and old != new:
            raise BadRowError(f"{column!r} is {new!r}, but an earlier row of the same question has {old!r}")
    return replace(before, answer=before.answer or question.answer, family=before.family or question.family)


def _candidate(values: Mapping[str, object], *, question_id: str, number: int) -> ImportedCandidate:
    prefix = values.get("prefix")
    return ImportedCandidate(
        question_id=question_id,
        prefix=f"imported_{number}" if prefix is None else _text(values, column="prefix"),
        thought=_text(values, column="thought"),
        answer=_answer(values),
        thought_tokens=_count(values.get("thought_tokens"), column="thought_tokens"),
        answer_tokens=_count(values.get("answer_tokens"), column="answer_tokens"),
        thought_finish=_finish(values.get("thought_finish"), column="thought_finish"),
        answer_finish=_finish(values.get("answer_finish"), column="answer_finish"),
    )


def _answer(values: Mapping[str, object]) -> str:
    """The answer; a number as its text, as in a question file."""
    value = values.get("answer")
    if value is None or isinstance(value, str):
        return _text(values, column="answer")
    return plain_text(value, column="answer") or ""


def _text(values: Mapping[str, object], *, column: str) -> str:
    value = values.get(column)
    if value is None:
        raise BadRowError(f"no {column!r}{columns_text(values)}")
    if not isinstance(value, str):
        raise BadRowError(f"{column!r} is not a string")
    tag = first_reasoning_tag(value)
    if tag is not None:
        fix = "leave it out"
        if column != "prefix":
            fix = "put what is between the tags into 'thought', and the rest into 'answer', both without tags"
        raise BadRowError(f"{column!r} contains the tag {tag}: {fix}")
    require_encodable(value, column=column)
    return value


def _count(value: object, *, column: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise BadRowError(f"{column!r} is not a number of tokens: {value!r}")
    return value


def _finish(value: object, *, column: str) -> Finish:
    if value is None or value == "stop":
        return "stop"
    if value == "length":
        return "length"
    if value == "tag":
        return "tag"
    raise BadRowError(
        f"{column!r} is {value!r}: give 'stop' where the model ended the text, 'length' where a limit did, 'tag' where a "
        "thought tag did"
    )
