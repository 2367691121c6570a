"""Stage 0, if questions are screened: which questions of a pool are asked in full, from a few thoughts about each.

The thoughts are candidates like those of the round (``generation.py``), and the right ones are scored like its winners
(``gains.py``). This stage keeps the questions that are solved by some of them; see ``questions.screening``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.questions.screening import ScreenedQuestion, keep, solved
from thoughtrank.records import Candidate, Gain, Question, RankedCandidate
from thoughtrank.stages.stage import Stage, question_fields
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.question_rows import rows_of_questions
from thoughtrank.storage.tables import TableRows, write_part

OWN_THOUGHT = Prefix(name="own_thought")
"""The model's own thought: only the tag is forced."""


def screening_prefixes(prefixes: Sequence[Prefix], *, count: int) -> tuple[Prefix, ...]:
    """The model's own thought and ``count`` of the run's prefixes, spread evenly over their list."""
    count = min(count, len(prefixes))
    spread = [prefixes[(2 * number + 1) * len(prefixes) // (2 * count)] for number in range(count)]
    return (OWN_THOUGHT, *spread)


@dataclass(frozen=True, slots=True, kw_only=True)
class RightAnswers:
    """Chooses the complete candidates with a right answer, of which gains are computed; see ``Chooser``.

    Args:
        questions: with reference answers.
        scorer: decides what is right.
    """

    questions: Sequence[Question]
    scorer: Scorer

    def choosable(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """See ``Chooser``; no ranking is read."""
        references = {question.question_id: question.answer for question in self.questions}
        return [each for each in candidates if self._is_right(each, references[each.question_id])]

    def choosable_settings(self) -> dict[str, object]:
        """See ``Chooser``."""
        return {"component": "RightAnswers", "version": 1, "scorer": self.scorer.identity()}

    def _is_right(self, candidate: Candidate, reference: str | None) -> bool:
        complete = candidate.thought_finish == candidate.answer_finish == "stop"
        if reference is None or not complete:
            return False
        return self.scorer.score(candidate.answer, question_id=candidate.question_id, reference=reference) >= 1.0


@dataclass(frozen=True, kw_only=True)
class Screening(Stage):
    """The table of screened questions of one round.

    Attributes:
        questions: that were screened.
        candidates: their thoughts and answers.
        gains: of the right ones; None where the engine does not score, so that every right answer counts as genuine.
        right: which answers are right.
        at_most: questions that are asked in full.
    """

    kind: ClassVar[str] = "screenings"
    questions: Sequence[Question]
    candidates: Artifact
    gains: Artifact | None
    right: RightAnswers
    at_most: int

    def inputs(self) -> dict[str, object]:
        """Candidates, gains, questions with all their fields, what is right, and how many are kept."""
        return {
            "version": 1,
            "candidates": self.candidates.key,
            "gains": None if self.gains is None else self.gains.key,
            "questions": question_fields(self.questions),
            "right": self.right.choosable_settings(),
            "at_most": self.at_most,
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table, and count its questions."""
        gains: Mapping[str, float] | None = None
        if self.gains is not None:
            gains = {row.candidate_id: row.gain for row in TableRows(self.gains.folder, Gain)}
        tried = rows_of_questions(self.questions, TableRows(self.candidates.folder, Candidate))
        rows = keep([self._row(question, each, gains=gains) for question, each in tried], at_most=self.at_most)
        write_part(artifact.folder / "part-00000.parquet", rows, record_type=ScreenedQuestion)
        counts = Counter(row.solved for row in rows)
        artifact.finish(
            screened=len(rows),
            kept=sum(row.kept for row in rows),
            **{name: counts[name] for name in ("sometimes", "never", "always")},
        )

    def _row(
        self, question: Question, candidates: Sequence[Candidate], *, gains: Mapping[str, float] | None
    ) -> ScreenedQuestion:
        right = self.right.choosable(candidates, [])
        genuine = sum(gains is None or gains[each.candidate_id] > 0 for each in right)
        return ScreenedQuestion(
            question_id=question.question_id,
            family=question.family,
            question=question.whole_text,
            answer=question.answer,
            thoughts=len(candidates),
            right=len(right),
            genuine=genuine,
            own_right=any(each.prefix == OWN_THOUGHT.name for each in right),
            solved=solved(genuine=genuine, thoughts=len(candidates)),
        )
