"""Grade-school word problems with whole-number answers, generated from a seed."""

import hashlib
import math
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

from thoughtrank.errors import UserError
from thoughtrank.questions.protocol import QuestionSource, count_faults, require_round_number
from thoughtrank.questions.word_problems.arithmetic import Numbers
from thoughtrank.questions.word_problems.daily_life import DAILY_LIFE
from thoughtrank.questions.word_problems.families import Family
from thoughtrank.questions.word_problems.one_step import ONE_STEP
from thoughtrank.questions.word_problems.two_step import TWO_STEP
from thoughtrank.questions.word_problems.unseen_families import UNSEEN
from thoughtrank.records import Question

TRAINED = ONE_STEP + DAILY_LIFE + TWO_STEP

Side = Literal["train", "held_out", "unseen"]
Problem = tuple[Family, Numbers]

_HELD_OUT_ONE_IN = 4
_MAX_NUMBER_BOUNDS = (10, 100)


class WordProblems(QuestionSource):
    """Word problems of 21 trained families, and of 5 unseen families that are asked in evaluation only.

    Whether a problem is trained on or held out depends on its family and numbers alone, so a held-out problem never appears in
    training: not in another wording, another round or under another seed.

    Args:
        seed: determines the problems and their wording.
        train_per_round: number of training questions in one round.
        held_out: number of held-out questions of trained families.
        held_out_unseen: number of held-out questions of the families that are never trained on.
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
        max_number: int = 20,
        max_steps: int = 2,
    ) -> None:
        self.seed = seed
        self.train_per_round = train_per_round
        self.held_out = held_out
        self.held_out_unseen = held_out_unseen
        self.max_number = max_number
        self.max_steps = max_steps

    def faults(self, *, rounds: int) -> list[str]:
        """Wrong settings, or too few problems for them; see ``QuestionSource``."""
        faults = self._setting_faults()
        if faults:
            return faults
        wanted: list[tuple[Side, int]] = [
            ("train", rounds * self.train_per_round),
            ("held_out", self.held_out),
            ("unseen", self.held_out_unseen),
        ]
        for side, count in wanted:
            found = sum(1 for _ in islice(self._problems(side), count))
            if found < count:
                faults.append(self._exhausted(side=side, wanted=count, found=found))
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
            UserError: the held-out problems run out.
        """
        held_out = self._questions("held_out", start=0, count=self.held_out)
        return held_out + self._questions("unseen", start=0, count=self.held_out_unseen)

    def _setting_faults(self) -> list[str]:
        faults = []
        low, high = _MAX_NUMBER_BOUNDS
        if not low <= self.max_number <= high:
            faults.append(f"questions.max_number is {self.max_number}: give a number from {low} to {high}.")
        if self.max_steps not in (1, 2):
            faults.append(f"questions.max_steps is {self.max_steps}: give 1 or 2.")
        return faults + count_faults(self)

    def _exhausted(self, *, side: Side, wanted: int, found: int) -> str:
        what, fix = {
            "train": ("training questions", "use fewer rounds, lower questions.train_per_round"),
            "held_out": ("held-out questions", "lower questions.held_out"),
            "unseen": ("questions of unseen families", "lower questions.held_out_unseen"),
        }[side]
        return (
            f"There are only {found} {what} with numbers up to questions.max_number={self.max_number}, "
            f"but {wanted} are asked for: {fix} or raise questions.max_number."
        )

    def _questions(self, side: Side, *, start: int, count: int) -> list[Question]:
        problems = list(islice(self._problems(side), start, start + count))
        if len(problems) < count:
            found = sum(1 for _ in islice(self._problems(side), start + count))
            raise UserError(self._exhausted(side=side, wanted=start + count, found=found))
        return [self._question(family, numbers, unseen=side == "unseen") for family, numbers in problems]

    def _question(self, family: Family, numbers: Numbers, *, unseen: bool) -> Question:
        rng = random.Random(f"{self.seed}/text/{family.name}/{numbers}")
        text = family.text(numbers=numbers, rng=rng)
        return Question(
            question_id=f"{family.name}-{hashlib.sha256(text.encode()).hexdigest()[:10]}",
            text=text,
            answer=str(family.arithmetic.solve(*numbers)),
            family=family.name,
            unseen=unseen,
        )

    def _problems(self, side: Side) -> Iterator[Problem]:
        """The stream of one side: one problem of every family in turn, with the families reshuffled each turn.

        It ends as soon as one family has no problem left, to keep the families balanced.
        """
        families = [family for family in (UNSEEN if side == "unseen" else TRAINED) if family.steps <= self.max_steps]
        streams = {family.name: self._numbers(side, family) for family in families}
        order = random.Random(f"{self.seed}/order/{side}")
        while True:
            order.shuffle(families)
            for family in families:
                numbers = next(streams[family.name], None)
                if numbers is None:
                    return
                yield family, numbers

    def _numbers(self, side: Side, family: Family) -> Iterator[Numbers]:
        ranges = family.arithmetic.ranges(self.max_number)
        rng = random.Random(f"{self.seed}/numbers/{side}/{family.name}")
        for index in _shuffled(math.prod(len(each) for each in ranges), rng):
            parameters = _pick(ranges, index)
            numbers = family.arithmetic.problem(parameters=parameters, max_number=self.max_number)
            if numbers is not None and (side == "unseen" or _is_held_out(family.name, numbers) == (side == "held_out")):
                yield numbers


def _is_held_out(family: str, numbers: Numbers) -> bool:
    # Sorted, so that 3 + 5 is never held out while 5 + 3 is trained on.
    digest = hashlib.sha256(f"{family}/{sorted(numbers)}".encode()).digest()
    return digest[0] % _HELD_OUT_ONE_IN == 0


def _shuffled(size: int, rng: random.Random) -> Iterator[int]:
    """The numbers below ``size``, each once, in random order, without building the whole list (a lazy Fisher-Yates shuffle)."""
    moved: dict[int, int] = {}
    for last in range(size - 1, -1, -1):
        pick = rng.randrange(last + 1)
        yield moved.get(pick, pick)
        moved[pick] = moved.pop(last, last)


def _pick(ranges: Sequence[range], index: int) -> Numbers:
    """The combination of parameters with this index, the first range varying fastest."""
    parameters = []
    for each in ranges:
        index, position = divmod(index, len(each))
        parameters.append(each[position])
    return tuple(parameters)
