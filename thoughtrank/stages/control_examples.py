"""Stage 3 of a training control: its examples, from the candidates, rankings and examples of the run's rounds."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.controls.protocol import ExamplesControl, SelectedQuestion
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Candidate, Example, Question, RankedCandidate
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.question_rows import rows_by_question, rows_of_questions
from thoughtrank.storage.tables import TableRows, write_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTables:
    """What one round of the run has made.

    Attributes:
        questions: of the round.
        candidates, rankings: its tables.
        examples: its table of selected examples.
    """

    questions: Sequence[Question]
    candidates: Artifact
    rankings: Artifact
    examples: Artifact


@dataclass(frozen=True, kw_only=True)
class ControlExamples(Stage):
    """The table of a control's training examples.

    Attributes:
        control: chooses.
        rounds: whose examples the run trained on.
        model: whose chat template renders the prompts.
        seed: of the choice.
    """

    kind: ClassVar[str] = "examples"
    control: ExamplesControl
    rounds: Sequence[RoundTables]
    model: RoundModel
    seed: int

    def inputs(self) -> dict[str, object]:
        """The control, the tables, the seed, and what prompts are rendered from: the questions and the chat template."""
        return {
            "control": self.control.identity(),
            "rounds": [[each.candidates.key, each.rankings.key, each.examples.key] for each in self.rounds],
            "questions": [question_texts(each.questions) for each in self.rounds],
            "model": self.model.key,
            "seed": self.seed,
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table."""
        chat = ChatTemplate.from_folder(self.model.folder())
        rows = (example for tables in self.rounds for example in self._examples(tables, chat=chat))
        artifact.finish(examples=write_rows(artifact.folder / "part-00000.parquet", rows, record_type=Example))

    def _examples(self, tables: RoundTables, *, chat: ChatTemplate) -> Iterator[Example]:
        for each in _selected_questions(tables):
            question = each.question
            rng = random.Random(f"{self.seed}-{question.question_id}")
            for candidate in self.control.choose(each, rng=rng):
                yield Example(
                    question_id=question.question_id,
                    candidate_id=candidate.candidate_id,
                    prompt=chat.prompt(question.text, question.context),
                    completion=chat.completion(thought=candidate.thought, answer=candidate.answer),
                )


def _selected_questions(tables: RoundTables) -> Iterator[SelectedQuestion]:
    """The questions of a round that have examples, with all that the round knows of them."""
    selected = {
        rows[0].question_id: [row.candidate_id for row in rows]
        for rows in rows_by_question(TableRows(tables.examples.folder, Example))
    }
    rankings = rows_by_question(TableRows(tables.rankings.folder, RankedCandidate))
    answered = rows_of_questions(tables.questions, TableRows(tables.candidates.folder, Candidate))
    # A question without candidates has no rows in either table.
    for (question, candidates), ranking in zip((each for each in answered if each[1]), rankings, strict=True):
        if question.question_id in selected:
            by_id = {each.candidate_id: each for each in candidates}
            yield SelectedQuestion(
                question=question,
                candidates=candidates,
                ranking=ranking,
                selected=[by_id[candidate_id] for candidate_id in selected[question.question_id]],
            )
