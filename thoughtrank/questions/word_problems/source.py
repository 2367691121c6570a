"""Grade-school word problems with whole-number answers, generated from a seed."""

import hashlib
import random
from itertools import islice

from thoughtrank.errors import UserError
from thoughtrank.questions.protocol import QuestionSource, count_faults, require_round_number
from thoughtrank.questions.word_problems.arithmetic import Numbers
from thoughtrank.questions.word_problems.first_problems import first_problems
from thoughtrank.questions.word_problems.schedule import Difficulty, difficulty, schedule_faults
from thoughtrank.questions.word_problems.splits import Problem, Split, problems
from thoughtrank.records import Question

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
        schedule: ``max_number`` and ``max_steps`` of the training problems of rounds 1, 2 and so on, the last ones for all
            later rounds; None for the same in every round. Test and development problems are not affected.
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
        schedule: list[dict[str, int]] | None = None,
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
        self.schedule = schedule

    def faults(self, *, rounds: int) -> list[str]:
        """Wrong settings, or too few problems for them; see ``QuestionSource``."""
        faults = self._setting_faults()
        if faults:
            return faults
        if self.schedule:
            faults += self._scheduled_faults(rounds=rounds)
        wanted: dict[Split, int] = {
            "train": 0 if self.schedule else rounds * self.train_per_round,
            "test": self.held_out,
            "unseen": self.held_out_unseen,
            "development": self.num_development,
        }
        for split, count in wanted.items():
            found = len(self._first(split, count))
            if found < count:
                faults.append(self._exhausted(split, wanted=count, found=found))
        return faults

    def notes(self) -> list[str]:
        """The difficulty by round."""
        rounds = range(1, len(self.schedule or []) + 1)
        levels = [difficulty(self.schedule or [], round_number=each, otherwise=self._difficulty) for each in rounds]
        texts = [
            f"{index + 1}: numbers up to {each.max_number}, {each.max_steps} steps" for index, each in enumerate(levels)
        ]
        return (
            [f"questions.schedule: training questions of round {'; '.join(texts)}; then as the last"] if texts else []
        )

    def train(self, round_number: int) -> list[Question]:
        """See ``QuestionSource``.

        Raises:
            UserError: the training problems run out before the end of this round.
            ValueError: ``round_number`` is below 1.
        """
        require_round_number(round_number)
        if self.schedule:
            return [self._question(problem, split="train") for problem in self._scheduled(round_number)[-1]]
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
        faults = self._difficulty.faults(where="questions") + count_faults(self)
        return faults or schedule_faults(self.schedule or [], otherwise=self._difficulty)

    @property
    def _difficulty(self) -> Difficulty:
        return Difficulty(max_number=self.max_number, max_steps=self.max_steps)

    def _scheduled(self, rounds: int) -> list[list[Problem]]:
        """The training problems of the first ``rounds`` rounds: each round those of its difficulty that none before it had.

        With ``screen``, as many rounds of this source belong to one round of the run.

        Raises:
            UserError: there are too few.
        """
        used: set[tuple[str, Numbers]] = set()
        found: list[list[Problem]] = []
        for number in range(1, rounds + 1):
            of_run = (number - 1) // self.screen + 1
            level = difficulty(self.schedule or [], round_number=of_run, otherwise=self._difficulty)
            every = problems("train", **level._asdict(), seed=self.seed)
            new = (each for each in every if (each.family.name, each.numbers) not in used)
            found.append(list(islice(new, self.train_per_round)))
            used.update((each.family.name, each.numbers) for each in found[-1])
            if len(found[-1]) < self.train_per_round:
                raise UserError(
                    f"questions: there are only {len(found[-1])} training questions left for round {of_run} with "
                    f"questions.schedule, but {self.train_per_round * self.screen} are asked for: raise its max_number, use "
                    "fewer rounds, or lower questions.train_per_round"
                )
        return found

    def _scheduled_faults(self, *, rounds: int) -> list[str]:
        try:
            self._scheduled(rounds)
        except UserError as error:
            return list(error.faults)
        return []

    def _exhausted(self, split: Split, *, wanted: int, found: int) -> str:
        what, fix = _SPLITS[split]
        return (
            f"questions: there are only {found} {what} with numbers up to questions.max_number={self.max_number}, "
            f"but {wanted} are asked for: {fix} or raise questions.max_number"
        )

    def _first(self, split: Split, count: int) -> list[Problem]:
        return first_problems(split, **self._difficulty._asdict(), seed=self.seed, count=count)

    def _questions(self, split: Split, *, start: int, count: int) -> list[Question]:
        found = self._first(split, start + count)
        if len(found) < start + count:
            raise UserError(self._exhausted(split, wanted=start + count, found=len(found)))
        return [self._question(problem, split=split) for problem in found[start:]]

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
