"""Stage 3: the best thought and answer pairs become training examples."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import ClassVar

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Candidate, Example, Gain, Question, RankedCandidate
from thoughtrank.selection.protocol import GainSelector, Selector
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
        gains: table of gains, of the candidates that may be chosen; None where the selector needs none.
        selector: chooses.
        model: whose chat template renders the prompts.
    """

    kind: ClassVar[str] = "examples"
    questions: Sequence[Question]
    candidates: Artifact
    rankings: Artifact
    gains: Artifact | None = None
    selector: Selector
    model: RoundModel

    def inputs(self) -> dict[str, object]:
        """Candidates, rankings, gains, selector, and what prompts are rendered from: the questions and the chat template."""
        return {
            "candidates": self.candidates.key,
            "rankings": self.rankings.key,
            "gains": None if self.gains is None else self.gains.key,
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
        with_gains = zip(answered, self._gains(), strict=False)
        # A question without candidates has no rows in either table.
        asked = ((question, of_question, gains) for (question, of_question), gains in with_gains if of_question)
        for (question, candidates, gains), rows in zip(asked, ranking, strict=True):
            ids = [(candidate.candidate_id, row.candidate_id) for candidate, row in zip(candidates, rows, strict=True)]
            if any(one != other for one, other in ids):
                raise ValueError(f"the rankings of question {question.question_id} are not those of its candidates")
            for candidate in self._chosen(candidates, rows, gains):
                with_examples[question.question_id] += 1
                yield _example(question, candidate, chat=chat)

    def _gains(self) -> Iterator[list[Gain]]:
        """The gains of each question, in order; without a table none of every question."""
        if self.gains is None:
            return repeat([])
        return (gains for _, gains in rows_of_questions(self.questions, TableRows(self.gains.folder, Gain)))

    def _chosen(
        self, candidates: Sequence[Candidate], rows: Sequence[RankedCandidate], gains: Sequence[Gain]
    ) -> list[Candidate]:
        if self.gains is not None and isinstance(self.selector, GainSelector):
            return self.selector.select_by_gain(candidates, rows, {gain.candidate_id: gain for gain in gains})
        return self.selector.select(candidates, rows)


def _example(question: Question, candidate: Candidate, *, chat: ChatTemplate) -> Example:
    return Example(
        question_id=question.question_id,
        candidate_id=candidate.candidate_id,
        prompt=chat.prompt(question.text, question.context),
        completion=chat.completion(thought=candidate.thought, answer=candidate.answer),
    )
