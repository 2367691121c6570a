"""A run that starts from imported candidates: round 1 has their questions, the rest comes from the run's own source."""

from thoughtrank.questions.protocol import QuestionSource, require_round_number
from thoughtrank.questions.wrapped_source import WrappedSource
from thoughtrank.records import Question
from thoughtrank.storage.imported_candidates import ImportedCandidates


def with_imported(source: QuestionSource, imported: ImportedCandidates | None) -> QuestionSource:
    """``source``, with the questions of the imported candidates in round 1 where there are any."""
    return source if imported is None else ImportedQuestions(source=source, imported=imported)


class ImportedQuestions(WrappedSource):
    """Round 1 has the questions of imported candidates; later rounds and the held-out set are the source's.

    Questions are compared by their ``key``. A test or development question is never trained on, even if it was imported, and an
    imported question is not asked again in a later round. Round 1 has as many questions as were imported, whatever
    ``train_per_round`` of the source is.

    Args:
        source: the run's own.
        imported: the candidates of round 1.
    """

    def __init__(self, *, source: QuestionSource, imported: ImportedCandidates) -> None:
        super().__init__(source)
        self._imported = imported

    @property
    def skipped_rows(self) -> list[str]:
        """Skipped rows of the source, and imported questions that are held out; see ``QuestionSource``."""
        held_out = self._held_out_keys()
        skipped = [question for question in self._imported.questions() if question.key in held_out]
        reasons = [f"imported question {question.question_id}: it is held out" for question in skipped]
        return [*self._source.skipped_rows, *reasons]

    def faults(self, *, rounds: int) -> list[str]:
        """Faults of the import and of the source; a run of one round needs no training questions of the source."""
        return [*self._imported.faults(), *self._source.faults(rounds=rounds if rounds > 1 else 0)]

    def train(self, round_number: int) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: there are no imported candidates, or the source has not enough questions.
            ValueError: ``round_number`` is below 1.
        """
        require_round_number(round_number)
        if round_number == 1:
            held_out = self._held_out_keys()
            return [question for question in self._imported.questions() if question.key not in held_out]
        imported = {question.key for question in self._imported.questions()}
        return [question for question in self._source.train(round_number) if question.key not in imported]

    def _held_out_keys(self) -> set[str]:
        return {question.key for question in [*self.evaluation(), *self.development()]}
