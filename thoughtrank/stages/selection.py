"""Stage 3: the best thought and answer pairs become training examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Candidate, Example, Question, RankedCandidate
from thoughtrank.selection.protocol import Selector
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.tables import read_table, write_part


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
        by_question = self._by_question()
        examples: list[Example] = []
        questions_with_examples = 0
        for question in self.questions:
            chosen = self.selector.select(*by_question[question.question_id])
            questions_with_examples += bool(chosen)
            examples.extend(_example(question, candidate, chat=chat) for candidate in chosen)
        write_part(artifact.folder / "part-00000.parquet", examples, record_type=Example)
        artifact.finish(examples=len(examples), questions_with_examples=questions_with_examples)

    def _by_question(self) -> dict[str, tuple[list[Candidate], list[RankedCandidate]]]:
        candidates = read_table(self.candidates.folder, Candidate)
        ranking = read_table(self.rankings.folder, RankedCandidate)
        grouped: dict[str, tuple[list[Candidate], list[RankedCandidate]]] = {}
        for candidate, row in zip(candidates, ranking, strict=True):
            of_question = grouped.setdefault(candidate.question_id, ([], []))
            of_question[0].append(candidate)
            of_question[1].append(row)
        return grouped


def _example(question: Question, candidate: Candidate, *, chat: ChatTemplate) -> Example:
    return Example(
        question_id=question.question_id,
        candidate_id=candidate.candidate_id,
        prompt=chat.prompt(question.text),
        completion=chat.completion(thought=candidate.thought, answer=candidate.answer),
    )
