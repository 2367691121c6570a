"""The controls that the config key ``controls`` can name."""

from collections.abc import Sequence
from typing import Literal

from thoughtrank.controls.answers_only import AnswerCopies, AnswerPairs
from thoughtrank.controls.protocol import Control
from thoughtrank.controls.random_candidates import RandomCandidates
from thoughtrank.controls.random_thoughts import RandomThoughts
from thoughtrank.controls.sampled_prefixes import SampledPrefixes

ControlName = Literal["answers_only", "random_candidates", "random_thoughts", "sampled_prefixes"]

_VARIANTS: tuple[Control, ...] = (
    AnswerCopies(),
    AnswerPairs(),
    RandomCandidates(),
    RandomThoughts(),
    SampledPrefixes(),
)


def chosen_controls(names: Sequence[str]) -> list[Control]:
    """Every variant of the controls called ``names``, each once, in the same order whatever the order of the names."""
    return [each for each in _VARIANTS if each.name in names]
