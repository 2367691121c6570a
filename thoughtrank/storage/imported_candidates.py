"""Candidates made elsewhere, as ``python -m thoughtrank.data import`` leaves them: a folder that ranking can start from.

It holds ``questions.jsonl``, which is a question file of its own, ``candidates.parquet``, and ``_import.json``, written last.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.records import Finish, Question, Turn
from thoughtrank.storage.files import write_text
from thoughtrank.storage.grouped_rows import GroupedRows
from thoughtrank.storage.json_files import read_json, write_json
from thoughtrank.storage.tables import column_of, rows_of
from thoughtrank.user_input.user_paths import user_path

QUESTIONS = "questions.jsonl"
_CANDIDATES = "candidates.parquet"
_MARK = "_import.json"
_VERSION = 1
_COUNTS = ("questions", "candidates")


@dataclass(frozen=True, slots=True)
class ImportedCandidate:
    """A candidate made elsewhere; see ``Candidate`` for the fields.

    Attributes:
        thought_tokens: None if not counted, like ``answer_tokens``.
    """

    question_id: str
    prefix: str
    thought: str
    answer: str
    thought_tokens: int | None
    answer_tokens: int | None
    thought_finish: Finish
    answer_finish: Finish


class ImportedCandidates:
    """Such a folder, read when it is first asked for.

    Args:
        folder: where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def at(cls, folder: str | None) -> "ImportedCandidates | None":
        """The import that the config key ``candidates`` names, or None."""
        return None if folder is None else cls(user_path(folder))

    def faults(self) -> list[str]:
        """What a user has to fix."""
        try:
            self._mark  # noqa: B018  (reading it is the check)
        except UserError as error:
            return list(error.faults)
        return []

    def questions(self) -> list[Question]:
        """The questions that were answered, in the order of the imported rows.

        Raises:
            UserError: the folder holds no import.
        """
        self._mark  # noqa: B018
        rows = map(json.loads, (self.folder / QUESTIONS).read_text(encoding="utf-8").splitlines())
        return [_question(row) for row in rows]

    def candidates(self) -> Iterator[ImportedCandidate]:
        """All candidates, question after question, of which a bounded number is held in memory.

        Raises:
            UserError: the folder holds no import.
        """
        self._mark  # noqa: B018
        return rows_of(self.folder / _CANDIDATES, ImportedCandidate)

    def candidates_of(self, question_ids: Sequence[str]) -> Iterator[list[ImportedCandidate]]:
        """The candidates of each of these questions, in the order of the ids.

        One question is held in memory at a time if the file has them in that order. Former versions wrote the rows as they were
        imported: then, those that were read too early are held as well.

        Raises:
            UserError: the folder holds no import.
        """
        rows = self.candidates()
        unread = Counter(self.candidates_by_question)
        wanted = frozenset(question_ids)
        early: dict[str, list[ImportedCandidate]] = {}
        for question_id in question_ids:
            while unread[question_id]:
                candidate = next(rows)
                unread[candidate.question_id] -= 1
                if candidate.question_id in wanted:
                    early.setdefault(candidate.question_id, []).append(candidate)
            yield early.pop(question_id, [])

    @property
    def sha256(self) -> str:
        """Of what was imported.

        Raises:
            UserError: the folder holds no import, or was changed by hand.
        """
        return str(self._mark["sha256"])

    @property
    def facts(self) -> dict[str, Any]:
        """Number of ``questions`` and of ``candidates``."""
        return {name: self._mark[name] for name in _COUNTS}

    @cached_property
    def candidates_by_question(self) -> Mapping[str, int]:
        """Question ids with the number of their candidates; only this column is read.

        Raises:
            UserError: the folder holds no import.
        """
        self._mark  # noqa: B018
        return Counter(map(str, column_of(self.folder / _CANDIDATES, "question_id")))

    @cached_property
    def _mark(self) -> dict[str, Any]:
        path = self.folder / _MARK
        if not path.exists():
            raise UserError(
                f"candidates={self.folder} is no folder of imported candidates: make one with "
                "'python -m thoughtrank.data import FILE --to FOLDER'"
            )
        try:
            mark = read_json(path)
            intact = mark["version"] == _VERSION and mark["sha256"] == _sha256(self.folder)
            intact = intact and all(type(mark[name]) is int for name in _COUNTS)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            # Whatever is wrong with a file that has another form than ``write`` gave it.
            intact = False
        if not intact:
            raise UserError(
                f"candidates={self.folder} was changed since it was imported, or is of another version: import the file again"
            )
        return dict(mark)

    def write(self, *, questions: Sequence[Question], candidates: Iterable[ImportedCandidate]) -> None:
        """Make the folder; it replaces an older one.

        Args:
            questions: each once.
            candidates: of these questions; they are written question after question.
        """
        numbers = {question.question_id: number for number, question in enumerate(questions)}
        self.write_numbered(questions=questions, rows=((numbers[each.question_id], each) for each in candidates))

    def write_numbered(self, *, questions: Collection[Question], rows: Iterable[tuple[int, ImportedCandidate]]) -> None:
        """The same for candidates of which a bounded number is held in memory.

        Args:
            questions: each once; those of a candidate may be added while ``rows`` is read, and are written after it.
            rows: the number of its question and each candidate. If reading them raises, an older import is left as it was.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        written = self.folder / f"_new_{_CANDIDATES}"
        number = GroupedRows(written, record_type=ImportedCandidate).write(rows)
        (self.folder / _MARK).unlink(missing_ok=True)
        written.replace(self.folder / _CANDIDATES)
        lines = [json.dumps(_row(each)) for each in questions]
        write_text(self.folder / QUESTIONS, "".join(f"{line}\n" for line in lines))
        counts = {"questions": len(questions), "candidates": number}
        write_json(self.folder / _MARK, {"version": _VERSION, "sha256": _sha256(self.folder), **counts})


def _row(question: Question) -> dict[str, object]:
    """A line of the question file; one with a context has the whole conversation in place of the question."""
    asked: dict[str, object] = {"question": question.text}
    if question.context:
        asked = {"messages": [{"role": turn.role, "content": turn.content} for turn in question.turns]}
    return {"question_id": question.question_id, **asked, "answer": question.answer, "family": question.family}


def _question(row: dict[str, Any]) -> Question:
    turns = [Turn(each["role"], each["content"]) for each in row.get("messages", [])]
    text = turns.pop().content if turns else row["question"]
    return Question(
        question_id=row["question_id"], text=text, answer=row["answer"], family=row["family"], context=tuple(turns)
    )


def _sha256(folder: Path) -> str:
    """Of both files; a missing one counts as empty."""
    digest = hashlib.sha256()
    for path in (folder / QUESTIONS, folder / _CANDIDATES):
        if path.exists():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        else:
            digest.update(hashlib.sha256(b"").digest())
    return digest.hexdigest()
