"""Questions of the package reasoning-gym: any of its tasks, generated from a seed, with the task's own scorer."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol

from thoughtrank.errors import UserError, install_line
from thoughtrank.evaluation.scoring import readings
from thoughtrank.questions.hash_split import HashedSplit, hashed_split
from thoughtrank.questions.protocol import QuestionSource, count_faults, require_round_number
from thoughtrank.questions.rows.row_to_question import digest
from thoughtrank.records import Question

_CHUNK = 500
"""Entries generated at a time; each has its own seed, so the questions do not depend on how many are asked for."""

_MIN_NEW_FRACTION = 0.05
"""A chunk with a smaller fraction of new questions means that the task has hardly any more."""

_TEST_SEED = 0
"""Test and development questions are generated with this seed in every run."""

# Long enough to count as free text.
_NO_REFERENCE = "(no single answer: the scorer of the task accepts several)"

_Entry = dict[str, object]


class _TaskDataset(Protocol):
    """What is used of a dataset of reasoning-gym."""

    def __getitem__(self, index: int) -> _Entry: ...

    def score_answer(self, answer: str | None, entry: _Entry) -> float: ...


@dataclass(slots=True)
class _Stream:
    """The different questions that one seed generates, as far as they were needed.

    Attributes:
        seed: of the first chunk.
        chunks: number of chunks generated.
        questions: by split, in the order of their generation.
        ids: of all questions.
    """

    seed: int
    chunks: int = 0
    questions: dict[HashedSplit, list[Question]] = field(default_factory=lambda: defaultdict(list))
    ids: set[str] = field(default_factory=set)


class ReasoningGym(QuestionSource):
    """Questions of one task, and its scorer. There are no unseen families.

    Whether a question is for training, development or test depends on its text alone, so a test question is never trained on,
    under any seed. Test and development questions are the same under every seed.

    Args:
        task: a task name of reasoning-gym, such as ``chain_sum``.
        options: settings of the task by name; null takes its defaults.
        seed: determines the training questions.
        train_per_round: number of training questions in one round.
        held_out: number of test questions.
        development: number of development questions.
        screen: see ``QuestionSource``.
        screen_prefixes: see ``QuestionSource``.
        answer_stem: the text that introduces a short forced answer.

    Attributes:
        version: of the scores, part of the scorer's identity.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        *,
        task: str,
        seed: int,
        train_per_round: int,
        held_out: int,
        development: int = 0,
        screen: int = 1,
        screen_prefixes: int = 6,
        options: dict[str, object] | None = None,
        answer_stem: str = "The answer is",
    ) -> None:
        self.task = task
        self.options = options or {}
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out
        self.num_development = development
        self.screen = screen
        self.screen_prefixes = screen_prefixes
        self.answer_stem = answer_stem
        self._test_stream = _Stream(_TEST_SEED)
        self._train_stream = self._test_stream if seed == _TEST_SEED else _Stream(seed)
        self._entries: dict[str, _Entry] = {}

    @property
    def scorer(self) -> "ReasoningGym":
        """The source itself, which scores by the task's own rule; see ``Scorer``."""
        return self

    def faults(self, *, rounds: int) -> list[str]:
        """The package or the task is missing, or the task has too few questions; see ``QuestionSource``."""
        faults = count_faults(self)
        if faults:
            return faults
        wanted: dict[HashedSplit, int] = {
            "train": rounds * self.train_per_round,
            "test": self.held_out,
            "development": self.num_development,
        }
        for split, number in wanted.items():
            try:
                self._first(split, number)
            except UserError as error:
                faults += error.faults
        return list(dict.fromkeys(faults))

    def train(self, round_number: int) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the task has too few questions.
            ValueError: ``round_number`` is below 1.
        """
        require_round_number(round_number)
        stop = round_number * self.train_per_round
        return self._first("train", stop)[stop - self.train_per_round :]

    def evaluation(self) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the task has too few questions.
        """
        return self._first("test", self.held_out)

    def development(self) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the task has too few questions.
        """
        return self._first("development", self.num_development)

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

    def _first(self, split: HashedSplit, number: int) -> list[Question]:
        """The first ``number`` questions of a split, generated as far as needed."""
        stream = self._train_stream if split == "train" else self._test_stream
        questions = stream.questions[split]
        while len(questions) < number:
            before = len(stream.ids)
            self._add_chunk(stream)
            if len(questions) < number and len(stream.ids) - before < _MIN_NEW_FRACTION * _CHUNK:
                raise UserError(self._exhausted(split, found=len(questions), wanted=number))
        return questions[:number]

    def _exhausted(self, split: HashedSplit, *, found: int, wanted: int) -> str:
        lower = {
            "train": "questions.train_per_round or rounds",
            "test": "questions.held_out",
            "development": "questions.development",
        }[split]
        name = "training" if split == "train" else split
        return (
            f"questions.task={self.task} has about {found} different {name} questions, but {wanted} are asked for: lower "
            f"{lower}, or widen questions.options"
        )

    def _add_chunk(self, stream: _Stream) -> None:
        dataset = self._dataset(seed=stream.seed * 1_000_000 + stream.chunks * _CHUNK)
        stream.chunks += 1
        for index in range(_CHUNK):
            entry = dataset[index]
            text = str(entry["question"]).strip()
            question_id = f"{self.task}-{digest(text)[:12]}"
            if question_id in stream.ids:
                continue
            stream.ids.add(question_id)
            self._entries.setdefault(question_id, entry)
            answer = entry["answer"]
            # Some tasks accept many answers and give none; their scorer needs no reference.
            reference = _NO_REFERENCE if answer is None else str(answer)
            question = Question(question_id=question_id, text=text, answer=reference, family=self.task)
            stream.questions[hashed_split(text)].append(question)

    @cached_property
    def _scoring_dataset(self) -> _TaskDataset:
        return self._dataset(seed=0)

    def _dataset(self, *, seed: int) -> _TaskDataset:
        try:
            import reasoning_gym
            from reasoning_gym.factory import DATASETS
        except ModuleNotFoundError:
            raise UserError(
                f"questions=reasoning_gym needs the package reasoning-gym: {install_line('reasoning-gym')}"
            ) from None
        if self.task not in DATASETS:
            import difflib

            near = ", ".join(difflib.get_close_matches(self.task, DATASETS, n=3, cutoff=0.4)) or "chain_sum"
            raise UserError(f"questions.task={self.task}: reasoning-gym has no such task; did you mean {near}?")
        try:
            return reasoning_gym.create_dataset(self.task, seed=seed, size=_CHUNK, **self.options)
        except (TypeError, AssertionError, ValueError) as error:
            raise UserError(f"questions.options: {self.task} refuses them: {error}") from error
