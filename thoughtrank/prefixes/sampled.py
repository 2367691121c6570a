"""Thoughts without a prefix, sampled: what every study of prefixes is compared with."""

from thoughtrank.prefixes.protocol import Prefix


class SampledThoughts:
    """``count`` thoughts per question, sampled at a temperature; their answers are greedy, as behind every thought.

    Args:
        count: thoughts per question.
        temperature: logits are divided by it; 1 samples what the model believes.
        seed: decides the draws, together with the question and the thought's number.
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
                f"prefixes.sampled.temperature={self.temperature}: give more than 0, or all thoughts would be the same"
            )
        return faults

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``."""
        return tuple(
            Prefix(name=f"sample_{number}", temperature=self.temperature, seed=self.seed)
            for number in range(1, self.count + 1)
        )
