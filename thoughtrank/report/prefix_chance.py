"""Whether a prefix wins significantly more or less often than the others."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from thoughtrank.evaluation.paired import holm

_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixChance:
    """One prefix against the others.

    Attributes:
        prefix: its text.
        questions: that it was tried on.
        wins: those in which it shares the best rank.
        expected: wins of a prefix that is like the others: the sum of the questions' fractions of winners.
        p_value: two-sided, after Holm's correction for the number of prefixes.
    """

    prefix: str
    questions: int
    wins: int
    expected: float
    p_value: float

    @property
    def better(self) -> bool:
        """Whether it wins significantly more often than the others."""
        return self.p_value < _SIGNIFICANT and self.wins > self.expected

    @property
    def worse(self) -> bool:
        """Whether it wins significantly less often than the others."""
        return self.p_value < _SIGNIFICANT and self.wins < self.expected


class PrefixWins:
    """Collects who wins, question after question, and tests each prefix.

    The null hypothesis is that the prefixes are exchangeable within each question. Then a prefix wins a question with the
    fraction of winners as its probability, independently of other questions, so that its wins have a Poisson binomial
    distribution, from which the p-values are exact.

    Attributes:
        questions: how many were added.
    """

    def __init__(self) -> None:
        self.questions = 0
        self._wins: dict[str, int] = defaultdict(int)
        self._fractions: dict[str, list[float]] = defaultdict(list)

    @classmethod
    def together(cls, rounds: Iterable["PrefixWins"]) -> Self:
        """The questions of several rounds as one collection."""
        found = cls()
        for each in rounds:
            found.questions += each.questions
            for prefix, fractions in each._fractions.items():
                found._wins[prefix] += each._wins[prefix]
                found._fractions[prefix] += fractions
        return found

    def add(self, won: Sequence[tuple[str, bool]]) -> None:
        """Count one question in which some answer is better than another.

        Args:
            won: of each candidate its prefix, and whether it shares the best rank.
        """
        self.questions += 1
        fraction = sum(each for _, each in won) / len(won)
        for prefix, wins in won:
            self._wins[prefix] += wins
            self._fractions[prefix].append(fraction)

    def tested(self) -> list[PrefixChance]:
        """Every prefix, in order of first appearance."""
        known: dict[tuple[float, ...], list[float]] = {}
        p_values = []
        for prefix, fractions in self._fractions.items():
            key = tuple(fractions)
            if key not in known:
                known[key] = _poisson_binomial(fractions)
            p_values.append(_two_sided(known[key], self._wins[prefix]))
        return [
            PrefixChance(
                prefix=prefix,
                questions=len(fractions),
                wins=self._wins[prefix],
                expected=sum(fractions),
                p_value=p_value,
            )
            for (prefix, fractions), p_value in zip(self._fractions.items(), holm(p_values), strict=True)
        ]


def _poisson_binomial(probabilities: Sequence[float]) -> list[float]:
    """The probabilities of 0 to n successes of independent trials."""
    import numpy as np

    mass = np.ones(1)
    for probability in probabilities:
        mass = np.convolve(mass, [1 - probability, probability])
    return [float(each) for each in mass]


def _two_sided(mass: Sequence[float], successes: int) -> float:
    """Twice the smaller tail, at most 1."""
    return min(1.0, 2 * min(sum(mass[: successes + 1]), sum(mass[successes:])))
