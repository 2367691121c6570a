"""Stage 1, if round 1 has candidates from elsewhere: they become the table that ranking reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import CLOSE_TAG
from thoughtrank.records import Candidate, Question
from thoughtrank.stages.candidate_tags import TAG_RULES, mark_tags
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.imported_candidates import ImportedCandidate, ImportedCandidates
from thoughtrank.storage.tables import write_rows


@dataclass(frozen=True, kw_only=True)
class Importing(Stage):
    """The table of candidates of round 1, from an import.

    Attributes:
        questions: of this round; candidates of other questions are left out.
        imported: the import.
        model: its tokenizer counts tokens where the import has no counts.
    """

    kind: ClassVar[str] = "candidates"
    questions: Sequence[Question]
    imported: ImportedCandidates
    model: RoundModel

    def inputs(self) -> dict[str, object]:
        """The imported files, the questions, the tokenizer, and the version of the rules for tags in answers and thoughts."""
        return {
            "imported": self.imported.sha256,
            "questions": question_texts(self.questions),
            "tokenizer": self.model.key,
            "tags": TAG_RULES,
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table, in the order of the questions."""
        chat = ChatTemplate.from_folder(self.model.folder())
        rows = self._rows(chat)
        count = write_rows(artifact.folder / "part-00000.parquet", rows, record_type=Candidate)
        artifact.finish(candidates=count, engine={"engine": "imported"})

    def _rows(self, chat: ChatTemplate) -> Iterator[Candidate]:
        for of_question in self.imported.candidates_of([question.question_id for question in self.questions]):
            for index, candidate in enumerate(of_question):
                yield mark_tags(_candidate(candidate, index=index, chat=chat))


def _candidate(imported: ImportedCandidate, *, index: int, chat: ChatTemplate) -> Candidate:
    thought_tokens, answer_tokens = imported.thought_tokens, imported.answer_tokens
    if thought_tokens is None:
        thought_tokens = len(chat.token_ids(imported.thought + CLOSE_TAG))
    if answer_tokens is None:
        answer_tokens = len(chat.token_ids(imported.answer))
    return Candidate(
        question_id=imported.question_id,
        candidate_id=f"{imported.question_id}-{index:03d}",
        prefix=imported.prefix,
        thought=imported.thought,
        answer=imported.answer,
        thought_tokens=thought_tokens,
        answer_tokens=answer_tokens,
        thought_finish=imported.thought_finish,
        answer_finish=imported.answer_finish,
    )
