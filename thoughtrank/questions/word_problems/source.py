"""Grade-school word problems with whole-number answers, generated from a seed."""

import hashlib
import random
from collections.abc import Iterator
from itertools import islice

from thoughtrank.errors import UserError
from thoughtrank.questions.protocol import QuestionSource, count_faults, require_round_number
from thoughtrank.questions.word_problems.splits import Problem, Split, problems
from thoughtrank.records import Question

_MAX_NUMBER_BOUNDS = (10, 100)
_SPLITS: dict[Split, tuple[str, str]] = {
    "train": ("training questions", "use fewer rounds, lower questions.train_per_round"),
    "test": ("test questions", "lower questions.held_out"),
    "unseen": ("questions of unseen families", "lower questions.held_out_unseen"),
    "development": ("development questions", "lower questions.development"),
}
"""Every split, how it is called and what to do where it has too few problems."""


class WordProblems(QuestionSource):
    """Word problems of 21 trained families, and of 5 unseen families that are asked in evaluation only.

    Whether a problem is for training, development or test depends on its family and numbers alone, so a test problem never
    appears in training: not in another wording, another round or under another seed. Test and development questions are the
    same under every seed, wording included.

    Args:
        seed: determines the training problems, their order and their wording.
        train_per_round: number of training questions in one round.
        held_out: number of test questions of trained families.
        held_out_unseen: number of test questions of the families that are never trained on.
        development: number of development questions.
        screen: see ``QuestionSource``.
        screen_prefixes: see ``QuestionSource``.
        max_number: largest operand, 10 to 100; products stay within five times as much.
        max_steps: most calculations in one problem, 1 or 2.
    """

    def __init__(
        self,
        *,
        seed: int,
        train_per_round: int,
        held_out: int,
        held_out_unseen: int,
        development: int = 0,
        screen: int = 1,
        screen_prefixes: int = 6,
        max_number: int = 20,
        max_steps: int = 2,
    ) -> None:
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out
        self.held_out_unseen = held_out_unseen
        self.num_development = development
        self.screen = screen
        self.screen_prefixes = screen_prefixes
        self.max_number = max_number
        self.max_steps = max_steps

    def faults(self, *, rounds: int) -> list[str]:
        """Wrong settings, or too few problems for them; see ``QuestionSource``."""
        faults = self._setting_faults()
        if faults:
            return faults
        wanted: dict[Split, int] = {
            "train": rounds * self.train_per_round,
            "test": self.held_out,
            "unseen": self.held_out_unseen,
            "development": self.num_development,
        }
        for split, count in wanted.items():
            found = sum(1 for _ in islice(self._problems(split), count))
            if found < count:
                faults.append(self._exhausted(split, wanted=count, found=found))
        return faults

    def train(self, round_number: int) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the training problems run out before the end of this round.
            ValueError: ``round_number`` is below 1.
        """
        require_round_number(round_number)
        return self._questions("train", start=(round_number - 1) * self.train_per_round, count=self.train_per_round)

    def evaluation(self) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the test problems run out.
        """
        test = self._questions("test", start=0, count=self.held_out)
        return test + self._questions("unseen", start=0, count=self.held_out_unseen)

    def development(self) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the development problems run out.
        """
        return self._questions("development", start=0, count=self.num_development)

    def _setting_faults(self) -> list[str]:
        faults = []
        low, high = _MAX_NUMBER_BOUNDS
        if not low <= self.max_number <= high:
            faults.append(f"questions.max_number is {self.max_number}: give a number from {low} to {high}.")
        if self.max_steps not in (1, 2):
            faults.append(f"questions.max_steps is {self.max_steps}: give 1 or 2.")
        return faults + count_faults(self)

    def _exhausted(self, split: Split, *, wanted: int, found: int) -> str:
        what, fix = _SPLITS[split]
        return (
            f"There are only {found} {what} with numbers up to questions.max_number={self.max_number}, "
            f"but {wanted} are asked for: {fix} or raise questions.max_number."
        )

    def _problems(self, split: Split) -> Iterator[Problem]:
        return problems(split, max_number=self.max_number, max_steps=self.max_steps, seed=self.seed)

    def _questions(self, split: Split, *, start: int, count: int) -> list[Question]:
        found = list(islice(self._problems(split), start, start + count))
        if len(found) < count:
            total = sum(1 for _ in islice(self._problems(split), start + count))
            raise UserError(self._exhausted(split, wanted=start + count, found=total))
        return [self._question(problem, split=split) for problem in found]

    def _question(self, problem: Problem, *, split: Split) -> Question:
        family, numbers = problem.family, problem.numbers
        seed = f"{self.seed}/" if split == "train" else ""
        text = family.text(numbers=numbers, rng=random.Random(f"{seed}text/{family.name}/{numbers}"))
        return Question(
            question_id=f"{family.name}-{hashlib.sha256(text.encode()).hexdigest()[:10]}",
            text=text,
            answer=str(family.arithmetic.solve(*numbers)),
            family=family.name,
            unseen=split == "unseen",
            problem=problem.name,
        )
