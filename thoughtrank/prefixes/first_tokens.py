"""The model's own likeliest ways to begin a thought."""

from thoughtrank.prefixes.protocol import Prefix


class FirstTokens:
    """Thoughts that begin with the model's likeliest first tokens, another set of tokens for every question and model.

    Args:
        count: how many of the likeliest tokens.
    """

    def __init__(self, *, count: int) -> None:
        self.count = count

    def faults(self) -> list[str]:
        """See ``PrefixSet``."""
        return [f"prefixes.first_tokens.count={self.count}: take at least 1 token"] if self.count < 1 else []

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``."""
        return tuple(Prefix(name=f"first_token_{place + 1}", first_choice=place) for place in range(self.count))
