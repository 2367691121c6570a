"""The control ``sampled_prefixes``: what forced beginnings of thoughts are worth, over sampling as many thoughts."""

from typing import ClassVar

from thoughtrank.controls.protocol import CandidatesControl
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.prefixes.sampled import SampledThoughts

_TEMPERATURE = 1.0
"""The model's own distribution; the default of ``prefixes=sampled``, so that such a run shares its first candidates."""


class SampledPrefixes(CandidatesControl):
    """As many thoughts of each question as the run has prefixes, sampled without a prefix."""

    name: ClassVar[str] = "sampled_prefixes"
    arms: ClassVar[tuple[ArmName, ...]] = ("thought", "own_thought", "answer_at_once")

    def prefixes(self, *, count: int, seed: int) -> tuple[Prefix, ...]:
        """See ``CandidatesControl``."""
        return SampledThoughts(count=count, temperature=_TEMPERATURE, seed=seed).prefixes()
