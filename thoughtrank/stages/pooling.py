"""Stage 1, if several models generate: their candidates question by question in one table, which ranking reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from thoughtrank.records import Candidate, Question
from thoughtrank.stages.stage import Stage, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.question_rows import rows_of_questions
from thoughtrank.storage.tables import TableRows, write_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCandidates:
    """The candidates of one model.

    Attributes:
        model: what it is called: ``base`` or ``previous``.
        candidates: its table.
    """

    model: str
    candidates: Artifact


@dataclass(frozen=True, kw_only=True)
class Pooling(Stage):
    """The table of the candidates of several models. Its seconds are those of all of them.

    Prefixes are called ``a (base)``, so that each is known by its model, and candidates get new ids.

    Attributes:
        questions: of the round.
        parts: what each model generated for them.
    """

    kind: ClassVar[str] = "candidates"
    questions: Sequence[Question]
    parts: Sequence[ModelCandidates]

    def inputs(self) -> dict[str, object]:
        """The tables and the names of their models, and the questions."""
        return {
            "pooled": [[each.model, each.candidates.key] for each in self.parts],
            "questions": question_texts(self.questions),
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table."""
        written = write_rows(artifact.folder / "part-00000.parquet", self._rows(), record_type=Candidate)
        engines = {each.model: each.candidates.facts.get("engine") for each in self.parts}
        artifact.add_seconds(sum(each.candidates.facts["seconds"] for each in self.parts))
        artifact.finish(candidates=written, engine=engines)

    def _rows(self) -> Iterator[Candidate]:
        tables = [
            rows_of_questions(self.questions, TableRows(each.candidates.folder, Candidate)) for each in self.parts
        ]
        for of_question in zip(*tables, strict=True):
            rows = [
                replace(row, prefix=f"{row.prefix} ({part.model})")
                for part, (_, candidates) in zip(self.parts, of_question, strict=True)
                for row in candidates
            ]
            for index, row in enumerate(rows):
                yield replace(row, candidate_id=f"{row.question_id}-{index:03d}")
