"""Questions of the package reasoning-gym: any of its tasks, made from a seed, each with the task's own scorer."""

from functools import cached_property
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import readings
from thoughtrank.questions.rows.row_to_question import digest
from thoughtrank.records import Question

VERSION = 1
"""Raise it whenever the same knobs would give other questions, or other scores."""

_CHUNK = 500
"""Entries made at a time; every entry has a seed of its own, so what comes out does not depend on how many are asked for."""

_FRESH_SHARE = 0.05
"""A chunk with a smaller share of new questions than this says that the task has no more."""


class ReasoningGym:
    """Questions of one task, and its scorer. There are no unseen families.

    Args:
        task: a name of reasoning-gym's, such as ``chain_sum``.
        options: settings of the task, by its own names; null takes its defaults.
        seed: decides which questions come out.
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions.
    """

    def __init__(
        self, *, task: str, seed: int, train_per_round: int, held_out: int, options: dict[str, Any] | None = None
    ) -> None:
        self.task = task
        self.options = options or {}
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out
        self._questions: list[Question] = []
        self._entries: dict[str, dict[str, Any]] = {}
        self._chunks = 0

    @property
    def scorer(self) -> "ReasoningGym":
        """This source knows which answers are right; see ``Scorer``."""
        return self

    def faults(self, *, rounds: int) -> list[str]:
        """The package or the task is missing, or the task has too few questions; see ``QuestionSource``."""
        faults = []
        if self.train_per_round < 1:
            faults.append(f"questions.train_per_round is {self.train_per_round}: give 1 or more.")
        if self.held_out < 0:
            faults.append(f"questions.held_out is {self.held_out}: give 0 or more.")
        if faults:
            return faults
        try:
            self._first(self.held_out + rounds * self.train_per_round)
        except UserError as error:
            return list(error.faults)
        return []

    def train(self, round_number: int) -> list[Question]:
        """The questions of one round, counted from 1; see ``QuestionSource``.

        Raises:
            UserError: the task has too few questions.
            ValueError: the round is below 1.
        """
        if round_number < 1:
            raise ValueError(f"rounds count from 1, not {round_number}")
        stop = self.held_out + round_number * self.train_per_round
        return self._first(stop)[stop - self.train_per_round :]

    def evaluation(self) -> list[Question]:
        """The held-out questions; see ``QuestionSource``.

        Raises:
            UserError: the task has too few questions.
        """
        return self._first(self.held_out)

    def identity(self) -> dict[str, object]:
        """The knobs and the package's version; see ``QuestionSource`` and ``Scorer``."""
        from importlib.metadata import version

        return {
            "source": "reasoning_gym",
            "version": VERSION,
            "package": version("reasoning_gym"),
            "task": self.task,
            "options": self.options,
            "seed": self.seed,
        }

    def score(self, reply: str, *, question_id: str, reference: str) -> float:
        """The task's own score of a reply; the best of its readings, since tasks expect the bare answer."""
        entry = self._entries[question_id]
        return max(float(self._task_dataset.score_answer(reading, entry)) for reading in readings(reply))

    def _first(self, number: int) -> list[Question]:
        """The first questions, made as far as they are needed."""
        while len(self._questions) < number:
            before = len(self._questions)
            self._add_chunk()
            if len(self._questions) - before < _FRESH_SHARE * _CHUNK:
                raise UserError(
                    f"questions.task={self.task} has about {len(self._questions)} different questions, but {number} are asked "
                    "for: lower questions.held_out, questions.train_per_round or rounds, or widen questions.options."
                )
        return self._questions[:number]

    def _add_chunk(self) -> None:
        dataset = self._dataset(seed=self.seed * 1_000_000 + self._chunks * _CHUNK)
        self._chunks += 1
        for place in range(_CHUNK):
            entry = dataset[place]
            text = str(entry["question"]).strip()
            question_id = f"{self.task}-{digest(text)[:12]}"
            if question_id in self._entries:
                continue
            self._entries[question_id] = entry
            answer = entry["answer"]
            # Some tasks accept many answers and name none; the scorer needs no reference.
            reference = "(what the task accepts)" if answer is None else str(answer)
            self._questions.append(Question(question_id=question_id, text=text, answer=reference, family=self.task))

    @cached_property
    def _task_dataset(self) -> Any:
        return self._dataset(seed=0)

    def _dataset(self, *, seed: int) -> Any:
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
