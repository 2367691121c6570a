"""Thoughts that begin with the model's most likely first tokens."""

from thoughtrank.prefixes.protocol import Prefix, PrefixSet


class FirstTokens(PrefixSet):
    """Thoughts that begin with the model's most likely first tokens, which differ for every question and model.

    Args:
        count: number of first tokens, from the likeliest on.
    """

    def __init__(self, *, count: int) -> None:
        self.count = count

    def faults(self) -> list[str]:
        """See ``PrefixSet``."""
        return [f"prefixes.first_tokens.count={self.count}: take at least 1 token"] if self.count < 1 else []

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``."""
        return tuple(Prefix(name=f"first_token_{index + 1}", first_choice=index) for index in range(self.count))
