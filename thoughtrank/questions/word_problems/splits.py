"""Which word problems are for training, development and test, and in which order they are asked."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from thoughtrank.questions.hash_split import HashedSplit, hashed_split
from thoughtrank.questions.word_problems.arithmetic import Numbers
from thoughtrank.questions.word_problems.daily_life import DAILY_LIFE
from thoughtrank.questions.word_problems.families import Family
from thoughtrank.questions.word_problems.one_step import ONE_STEP
from thoughtrank.questions.word_problems.two_step import TWO_STEP
from thoughtrank.questions.word_problems.unseen_families import UNSEEN

TRAINED = ONE_STEP + DAILY_LIFE + TWO_STEP
_UNSEEN_NAMES = frozenset(family.name for family in UNSEEN)

Split = HashedSplit | Literal["unseen"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A family and the numbers of one question, in the order of its text."""

    family: Family
    numbers: Numbers

    @property
    def name(self) -> str:
        """Shared with the same numbers in another order: whoever is trained on 3 + 5 is not tested on 5 + 3."""
        return f"{self.family.name}/{'-'.join(map(str, sorted(self.numbers)))}"


def split_of(problem: Problem) -> Split:
    """The split of a problem, by a hash of its family and numbers alone."""
    return "unseen" if problem.family.name in _UNSEEN_NAMES else hashed_split(problem.name)


def problems(split: Split, *, max_number: int, max_steps: int, seed: int) -> Iterator[Problem]:
    """All problems of a split, each once.

    Families take turns, in a new order each turn, as long as they have problems left; the rest comes from those that have. The
    order of training problems depends on the seed. That of the others does not, and the same numbers in another order come
    last, after every family has run out of new ones, so that the first questions are different problems.

    Args:
        split: whose problems.
        max_number: largest operand.
        max_steps: most calculations in one problem.
        seed: of the training problems.
    """
    families = [each for each in (UNSEEN if split == "unseen" else TRAINED) if each.steps <= max_steps]
    salt = f"{seed}/{split}" if split == "train" else split
    order = random.Random(f"order/{salt}")
    streams = {family.name: _of_family(split, family, max_number=max_number, salt=salt) for family in families}
    if split == "train":
        yield from _in_turn(families, streams, order)
        return
    repeats: dict[str, list[Problem]] = {family.name: [] for family in families}
    new = {name: _without_repeats(stream, repeats[name]) for name, stream in streams.items()}
    yield from _in_turn(families, new, order)
    yield from _in_turn(families, {name: iter(each) for name, each in repeats.items()}, order)


def _in_turn(
    families: Sequence[Family], streams: Mapping[str, Iterator[Problem]], order: random.Random
) -> Iterator[Problem]:
    left = list(families)
    while left:
        order.shuffle(left)
        for family in tuple(left):
            problem = next(streams[family.name], None)
            if problem is None:
                left.remove(family)
            else:
                yield problem


def _without_repeats(stream: Iterator[Problem], repeats: list[Problem]) -> Iterator[Problem]:
    """The problems of ``stream`` with new numbers; the others go to ``repeats``."""
    seen: set[str] = set()
    for problem in stream:
        if problem.name in seen:
            repeats.append(problem)
        else:
            seen.add(problem.name)
            yield problem


def _of_family(split: Split, family: Family, *, max_number: int, salt: str) -> Iterator[Problem]:
    ranges = family.arithmetic.ranges(max_number)
    rng = random.Random(f"numbers/{salt}/{family.name}")
    for index in _shuffled(math.prod(len(each) for each in ranges), rng):
        numbers = family.arithmetic.problem(parameters=_pick(ranges, index), max_number=max_number)
        if numbers is not None and split_of(problem := Problem(family, numbers)) == split:
            yield problem


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
