"""Questions of the package reasoning-gym: any of its tasks, generated from a seed, with the task's own scorer."""

from functools import cached_property
from typing import ClassVar, Protocol

from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import readings
from thoughtrank.questions.protocol import QuestionSource, count_faults, require_round_number
from thoughtrank.questions.rows.row_to_question import digest
from thoughtrank.records import Question

_CHUNK = 500
"""Entries generated at a time; each has its own seed, so the questions do not depend on how many are asked for."""

_MIN_NEW_FRACTION = 0.05
"""A chunk with a smaller fraction of new questions means that the task has hardly any more."""

_Entry = dict[str, object]


class _TaskDataset(Protocol):
    """What is used of a dataset of reasoning-gym."""

    def __getitem__(self, index: int) -> _Entry: ...

    def score_answer(self, answer: str | None, entry: _Entry) -> float: ...


class ReasoningGym(QuestionSource):
    """Questions of one task, and its scorer. There are no unseen families.

    Args:
        task: a task name of reasoning-gym, such as ``chain_sum``.
        options: settings of the task by name; null takes its defaults.
        seed: determines the questions.
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions.

    Attributes:
        version: of the scores, part of the scorer's identity.
    """

    version: ClassVar[int] = 1

    def __init__(
        self, *, task: str, seed: int, train_per_round: int, held_out: int, options: dict[str, object] | None = None
    ) -> None:
        self.task = task
        self.options = options or {}
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out
        self._questions: list[Question] = []
        self._entries: dict[str, _Entry] = {}
        self._chunks = 0

    @property
    def scorer(self) -> "ReasoningGym":
        """The source itself, which scores by the task's own rule; see ``Scorer``."""
        return self

    def faults(self, *, rounds: int) -> list[str]:
        """The package or the task is missing, or the task has too few questions; see ``QuestionSource``."""
        faults = count_faults(self)
        if faults:
            return faults
        try:
            self._first(self.held_out + rounds * self.train_per_round)
        except UserError as error:
            return list(error.faults)
        return []

    def train(self, round_number: int) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the task has too few questions.
            ValueError: ``round_number`` is below 1.
        """
        require_round_number(round_number)
        stop = self.held_out + round_number * self.train_per_round
        return self._first(stop)[stop - self.train_per_round :]

    def evaluation(self) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the task has too few questions.
        """
        return self._first(self.held_out)

    def identity(self) -> dict[str, object]:
        """What determines the scores: the task, its settings and the package's version; see ``Scorer``."""
        from importlib.metadata import version

        return {
            "scorer": type(self).__name__,
            "version": self.version,
            "package": version("reasoning_gym"),
            "task": self.task,
            "options": self.options,
            "seed": self.seed,
        }

    def score(self, reply: str, *, question_id: str, reference: str) -> float:
        """The task's own score; the best over the readings of the reply, since tasks expect the bare answer."""
        entry = self._entries[question_id]
        return max(float(self._scoring_dataset.score_answer(reading, entry)) for reading in readings(reply))

    def _first(self, number: int) -> list[Question]:
        """The first ``number`` questions, generated as far as needed."""
        while len(self._questions) < number:
            before = len(self._questions)
            self._add_chunk()
            if len(self._questions) - before < _MIN_NEW_FRACTION * _CHUNK:
                raise UserError(
                    f"questions.task={self.task} has about {len(self._questions)} different questions, but {number} are asked "
                    "for: lower questions.held_out, questions.train_per_round or rounds, or widen questions.options."
                )
        return self._questions[:number]

    def _add_chunk(self) -> None:
        dataset = self._dataset(seed=self.seed * 1_000_000 + self._chunks * _CHUNK)
        self._chunks += 1
        for index in range(_CHUNK):
            entry = dataset[index]
            text = str(entry["question"]).strip()
            question_id = f"{self.task}-{digest(text)[:12]}"
            if question_id in self._entries:
                continue
            self._entries[question_id] = entry
            answer = entry["answer"]
            # Some tasks accept many answers and give none; their scorer needs no reference.
            reference = "(what the task accepts)" if answer is None else str(answer)
            self._questions.append(Question(question_id=question_id, text=text, answer=reference, family=self.task))

    @cached_property
    def _scoring_dataset(self) -> _TaskDataset:
        return self._dataset(seed=0)

    def _dataset(self, *, seed: int) -> _TaskDataset:
        try:
            import reasoning_gym
            from reasoning_gym.factory import DATASETS
        except ModuleNotFoundError:
            raise UserError(
                "questions=reasoning_gym needs the package reasoning-gym: pip install 'thoughtrank[reasoning-gym]'"
            ) from None
        if self.task not in DATASETS:
            import difflib

            near = ", ".join(difflib.get_close_matches(self.task, DATASETS, n=3, cutoff=0.4)) or "chain_sum"
            raise UserError(f"questions.task={self.task}: reasoning-gym has no such task; did you mean {near}?")
        try:
            return reasoning_gym.create_dataset(self.task, seed=seed, size=_CHUNK, **self.options)
        except (TypeError, AssertionError, ValueError) as error:
            raise UserError(f"questions.options: {self.task} refuses them: {error}") from error
