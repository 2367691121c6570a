"""Thoughts without a prefix, sampled at a temperature: the baseline of every study of prefixes."""

from thoughtrank.prefixes.protocol import Prefix, PrefixSet


class SampledThoughts(PrefixSet):
    """``count`` thoughts per question, sampled at a temperature; answers are greedy, as after every thought.

    Args:
        count: thoughts per question.
        temperature: logits are divided by it; 1 samples from the model's own distribution.
        seed: of the sampling; combined with the question's id and the number of the thought.
    """

    def __init__(self, *, count: int, temperature: float, seed: int) -> None:
        self.count = count
        self.temperature = temperature
        self.seed = seed

    def faults(self) -> list[str]:
        """See ``PrefixSet``."""
        faults = []
        if self.count < 1:
            faults.append(f"prefixes.sampled.count={self.count}: sample at least 1 thought")
        if self.temperature <= 0:
            faults.append(
                f"prefixes.sampled.temperature={self.temperature}: give more than 0, otherwise all thoughts are identical"
            )
        return faults

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``."""
        return tuple(
            Prefix(name=f"sample_{number}", temperature=self.temperature, seed=self.seed)
            for number in range(1, self.count + 1)
        )
