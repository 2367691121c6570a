"""A literal list of prefixes."""

from thoughtrank.prefixes.protocol import Prefix


class PrefixList:
    """Prefixes as they are written in the config.

    Args:
        values: a list of texts; or one text, each of whose characters is a prefix.
    """

    def __init__(self, *, values: list[str | int] | str) -> None:
        # YAML reads a bare digit as a number; as a prefix it is the character.
        self.values = [str(value) for value in values]

    def faults(self) -> list[str]:
        """What a user has to put right: no prefix, an empty one, or one that stands twice."""
        if not self.values:
            return ["prefixes: the list is empty; give at least one, for instance prefixes=digits"]
        faults = []
        if any(not value.strip() for value in self.values):
            faults.append("prefixes: an empty prefix starts no thought; remove it")
        if any("<" in value or ">" in value for value in self.values):
            faults.append("prefixes: a prefix cannot contain < or >, which the thought's tags are made of")
        twice = sorted({value for value in self.values if self.values.count(value) > 1})
        if twice:
            faults.append(
                f"prefixes: {', '.join(map(repr, twice))} stand(s) there twice; the candidates would be the same"
            )
        return faults

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``."""
        return tuple(Prefix(name=value, text=value) for value in self.values)
