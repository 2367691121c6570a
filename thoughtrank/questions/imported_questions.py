"""Questions that somebody answered elsewhere come first; all others from the run's own source."""

from typing import Any

from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.records import Question
from thoughtrank.storage.imported_candidates import ImportedCandidates


def with_imported(source: Any, imported: ImportedCandidates | None) -> Any:
    """``source``, with the questions of an import in its first round where there is one."""
    return source if imported is None else ImportedQuestions(source=source, imported=imported)


class ImportedQuestions:
    """Round 1 has the questions of imported candidates; later rounds and the held-out set are the source's.

    A question is told by its text. One that is held out is never trained on, also when it was imported, and a question of
    the import is not asked again in a later round.

    Args:
        source: the run's own.
        imported: the candidates of round 1.

    Attributes:
        train_per_round: of the source; round 1 has as many as were imported.
        held_out: of the source.
    """

    def __init__(self, *, source: QuestionSource, imported: ImportedCandidates) -> None:
        self._source = source
        self._imported = imported
        self.train_per_round = source.train_per_round
        self.held_out = source.held_out
        self.scorer = getattr(source, "scorer", None)

    @property
    def skipped_rows(self) -> list[str]:
        """What is left out, in words: rows of the source, and imported questions that are held out."""
        held_out = {question.text for question in self.evaluation()}
        both = [question for question in self._imported.questions() if question.text in held_out]
        told = [f"imported question {question.question_id}: it is held out" for question in both]
        return [*getattr(self._source, "skipped_rows", []), *told]

    def faults(self, *, rounds: int) -> list[str]:
        """Faults of the import and of the source; a run of one round needs no training question of the source."""
        return [*self._imported.faults(), *self._source.faults(rounds=rounds if rounds > 1 else 0)]

    def train(self, round_number: int) -> list[Question]:
        """The training questions of one round; see ``QuestionSource``.

        Raises:
            UserError: there is no import, or the source has not enough questions.
        """
        if round_number == 1:
            held_out = {question.text for question in self.evaluation()}
            return [question for question in self._imported.questions() if question.text not in held_out]
        imported = {question.text for question in self._imported.questions()}
        return [question for question in self._source.train(round_number) if question.text not in imported]

    def evaluation(self) -> list[Question]:
        """The held-out questions; see ``QuestionSource``.

        Raises:
            UserError: the source has not enough questions.
        """
        return self._source.evaluation()

    def identity(self) -> dict[str, object]:
        """See ``QuestionSource``."""
        return {"source": "imported", "sha256": self._imported.sha256, "then": self._source.identity()}
