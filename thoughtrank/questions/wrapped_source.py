"""A question source around another one, which it changes in part."""

from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.records import Question


class WrappedSource(QuestionSource):
    """What a subclass does not override is the inner source's; only ``train`` and ``faults`` have to be.

    Args:
        source: the inner one.
    """

    def __init__(self, source: QuestionSource) -> None:
        self._source = source
        self.train_per_round = source.train_per_round
        self.held_out = source.held_out
        self.held_out_unseen = source.held_out_unseen
        self.num_development = source.num_development
        self.answer_stem = source.answer_stem
        self.screen = source.screen
        self.screen_prefixes = source.screen_prefixes

    @property
    def scorer(self) -> Scorer | None:
        """See ``QuestionSource``."""
        return self._source.scorer

    @property
    def skipped_rows(self) -> list[str]:
        """See ``QuestionSource``."""
        return self._source.skipped_rows

    @property
    def num_read(self) -> int | None:
        """See ``QuestionSource``."""
        return self._source.num_read

    def notes(self) -> list[str]:
        """See ``QuestionSource``."""
        return self._source.notes()

    def evaluation(self) -> list[Question]:
        """See ``QuestionSource``."""
        return self._source.evaluation()

    def development(self) -> list[Question]:
        """See ``QuestionSource``."""
        return self._source.development()
