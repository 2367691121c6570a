"""The errors of the simulated judge: what it perceives, and how position, noise and length distort it.

The judge perceives an answer's quality plus a systematic error that no repetition removes, plus a preference for long answers.
A call then adds noise and a preference for answers that are shown early; both grow with the number of answers in it.
"""

import math
import random
from dataclasses import dataclass
from hashlib import sha256
from statistics import NormalDist
from typing import Literal

Strength = Literal["strong", "weak"]

_TYPICAL_TOKENS = 420
_LENGTH_SD = 0.6
_MAX_LENGTH = 3.0


@dataclass(frozen=True, slots=True)
class _Traits:
    """How large the errors are.

    Attributes:
        discrimination: logits per standard deviation of perceived quality.
        position_bias: logits in favour of the answer that is shown first of two.
        systematic_error: standard deviations of quality.
        length_bias: standard deviations of quality per standard deviation of log length.
        intransitivity: logits, of each pair of texts.
        window_noise: growth of the noise per doubling of the answers in a call.
        grade_noise: points.
    """

    discrimination: float
    position_bias: float
    systematic_error: float
    length_bias: float
    intransitivity: float
    window_noise: float
    grade_noise: float


_TRAITS: dict[Strength, _Traits] = {
    "strong": _Traits(
        discrimination=2.2,
        position_bias=0.6,
        systematic_error=0.2,
        length_bias=0.1,
        intransitivity=0.5,
        window_noise=0.25,
        grade_noise=1.0,
    ),
    "weak": _Traits(
        discrimination=1.1,
        position_bias=1.2,
        systematic_error=0.35,
        length_bias=0.25,
        intransitivity=0.8,
        window_noise=0.35,
        grade_noise=1.5,
    ),
}


class JudgeErrors:
    """The errors of one judge.

    Args:
        strength: how well it distinguishes answers.
        seed: of its errors.
        position_bias_factor: multiplies the preference for answers that are shown early.
    """

    def __init__(self, strength: Strength, *, seed: int, position_bias_factor: float) -> None:
        self._traits = _TRAITS[strength]
        self._seed = seed
        self._position_bias = self._traits.position_bias * position_bias_factor
        self._grade_noise = self._traits.grade_noise / math.sqrt(2)

    def systematic(self, question_id: str, text: str, *, tokens: float) -> float:
        """The error about an answer that is the same in all calls, in standard deviations of quality."""
        error = self._traits.systematic_error * hashed_normal(f"{self._seed}/error/{question_id}/{text}")
        length = math.log(tokens / _TYPICAL_TOKENS) / _LENGTH_SD
        length = min(_MAX_LENGTH, max(-_MAX_LENGTH, length))
        return error + self._traits.length_bias * length

    def first_wins(self, question_id: str, first: str, second: str, *, difference: float) -> bool:
        """Whether the text shown first wins, by the logistic of its advantage; each pair has an intransitive part of its own.

        The same two texts in the same order get the same reply, as at temperature 0: neither another call nor a copy of an
        answer brings new information.

        Args:
            question_id: the question.
            first: the text shown first.
            second: the other text.
            difference: of their perceived quality, in standard deviations.
        """
        low, high = sorted([first, second])
        quirk = self._traits.intransitivity * hashed_normal(f"{self._seed}/pair/{question_id}/{low}\0{high}")
        margin = self._traits.discrimination * difference
        margin += self._position_bias + (quirk if first == low else -quirk)
        return hashed_uniform(f"{self._seed}/reply/{question_id}/{first}\0{second}") < 1 / (1 + math.exp(-margin))

    def noisy_strength(self, perceived: float, *, position: int, count: int, rng: random.Random) -> float:
        """Strength of one of ``count`` answers in one call, in logits, with noise and position bias."""
        doublings = math.log2(count / 2) if count > 2 else 0.0
        noise = 1 + self._traits.window_noise * doublings
        gumbel = -math.log(-math.log(rng.random() or 1e-300))
        return self._traits.discrimination * perceived + noise * gumbel + self._position_bonus(position, count)

    def grade(self, question_id: str, text: str, *, perceived: float, rng: random.Random) -> float:
        """A whole grade from 1 to 10, mostly around 7; half of the variance of its noise is the same in every call."""
        fixed = self._grade_noise * hashed_normal(f"{self._seed}/grade/{question_id}/{text}")
        points = 7 + 1.3 * perceived + fixed + self._grade_noise * rng.gauss(0, 1)
        return float(min(10, max(1, round(points))))

    def _position_bonus(self, position: int, count: int) -> float:
        """Logits in favour of a position; in long lists the middle is overlooked as well."""
        if count < 2:
            return 0.0
        fraction = position / (count - 1)
        bonus = self._position_bias * (1 + 0.35 * math.log2(count / 2)) * (0.5 - fraction)
        overlooked = 0.5 * self._position_bias * 4 * fraction * (1 - fraction) if count > 20 else 0.0
        return bonus - overlooked


def hashed_uniform(text: str) -> float:
    """Between 0 and 1, both excluded, from a hash."""
    digest = sha256(text.encode(errors="surrogatepass")).digest()[:8]
    return (int.from_bytes(digest, "big") + 0.5) / 2**64


def hashed_normal(text: str) -> float:
    """From the standard normal distribution, by a hash."""
    return NormalDist().inv_cdf(hashed_uniform(text))
