"""Stage 3: the best thought and answer pairs become training examples."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Candidate, Example, Question, RankedCandidate
from thoughtrank.selection.protocol import Selector
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.question_rows import rows_by_question, rows_of_questions
from thoughtrank.storage.tables import TableRows, write_rows


@dataclass(frozen=True, kw_only=True)
class Selection(Stage):
    """The table of training examples of one round.

    Attributes:
        questions: of this round.
        candidates: table of candidates.
        rankings: table of rankings, one row per candidate, in the same order.
        selector: chooses.
        model: whose chat template renders the prompts.
    """

    kind: ClassVar[str] = "examples"
    questions: Sequence[Question]
    candidates: Artifact
    rankings: Artifact
    selector: Selector
    model: RoundModel

    def inputs(self) -> dict[str, object]:
        """Candidates, rankings, selector, and what prompts are rendered from: the questions and the model's chat template."""
        return {
            "candidates": self.candidates.key,
            "rankings": self.rankings.key,
            "questions": question_texts(self.questions),
            "selection": self.selector.identity(),
            "model": self.model.key,
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table."""
        chat = ChatTemplate.from_folder(self.model.folder())
        with_examples = Counter[str]()
        examples = write_rows(
            artifact.folder / "part-00000.parquet", self._select(chat, with_examples), record_type=Example
        )
        artifact.finish(examples=examples, questions_with_examples=len(with_examples))

    def _select(self, chat: ChatTemplate, with_examples: Counter[str]) -> Iterator[Example]:
        """The examples, question by question; ``with_examples`` counts those of each question that has any."""
        ranking = rows_by_question(TableRows(self.rankings.folder, RankedCandidate))
        answered = rows_of_questions(self.questions, TableRows(self.candidates.folder, Candidate))
        # A question without candidates has no rows in either table.
        for (question, candidates), rows in zip((each for each in answered if each[1]), ranking, strict=True):
            ids = [(candidate.candidate_id, row.candidate_id) for candidate, row in zip(candidates, rows, strict=True)]
            if any(one != other for one, other in ids):
                raise ValueError(f"the rankings of question {question.question_id} are not those of its candidates")
            for candidate in self.selector.select(candidates, rows):
                with_examples[question.question_id] += 1
                yield _example(question, candidate, chat=chat)


def _example(question: Question, candidate: Candidate, *, chat: ChatTemplate) -> Example:
    return Example(
        question_id=question.question_id,
        candidate_id=candidate.candidate_id,
        prompt=chat.prompt(question.text),
        completion=chat.completion(thought=candidate.thought, answer=candidate.answer),
    )
