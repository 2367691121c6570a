"""A literal list of prefixes."""

from thoughtrank.prefixes.protocol import Prefix, PrefixSet


class PrefixList(PrefixSet):
    """Prefixes as written in the config.

    Args:
        values: a list of texts; or one text, each of whose characters is a prefix.
    """

    def __init__(self, *, values: list[str | int] | str) -> None:
        # YAML reads a bare digit as a number; as a prefix it is the character.
        self.values = [str(value) for value in values]

    def faults(self) -> list[str]:
        """An empty list, an empty prefix, a prefix that breaks the tags, or one that is repeated."""
        if not self.values:
            return ["prefixes: the list is empty; give at least one, for instance prefixes=digits"]
        faults = []
        if any(not value.strip() for value in self.values):
            faults.append("prefixes: an empty prefix starts no thought; remove it")
        if any("<" in value or ">" in value for value in self.values):
            faults.append("prefixes: a prefix cannot contain < or >, which would break the thought tags")
        repeated = sorted({value for value in self.values if self.values.count(value) > 1})
        if repeated:
            appear = "appears" if len(repeated) == 1 else "appear"
            faults.append(
                f"prefixes: {', '.join(map(repr, repeated))} {appear} more than once; their candidates would be identical"
            )
        return faults

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``."""
        return tuple(Prefix(name=value, text=value) for value in self.values)
