"""One or more prefix sets combined (the config group ``prefixes``)."""

from dataclasses import replace
from typing import Literal

from thoughtrank.instantiate import Component
from thoughtrank.prefixes.protocol import Prefix, PrefixSet


class PrefixSets(Component, PrefixSet):
    """All prefixes of a run. A prefix that occurs in two sets counts once.

    Args:
        tag: ``open`` leaves the tag open after the prefix, and the model continues the thought; ``closed`` closes it there,
            so that the prefix is the whole thought.
        sets: prefix sets by name.
    """

    def __init__(self, *, tag: Literal["open", "closed"] = "open", **sets: PrefixSet) -> None:
        self.tag = tag
        self.sets = sets

    def faults(self) -> list[str]:
        """The faults of each set, and conflicts between the sets."""
        if not self.sets:
            return ["prefixes: no set is chosen; give at least one, for instance prefixes=digits"]
        # The config check lets any key through here, so a misspelt one arrives as a set.
        wrong = [
            f"prefixes.{name}={value!r}: not a prefix set"
            for name, value in self.sets.items()
            if not isinstance(value, PrefixSet)
        ]
        if wrong:
            return wrong
        return [fault for each in self.sets.values() for fault in each.faults()] or self._conflicts()

    def prefixes(self) -> tuple[Prefix, ...]:
        """The prefixes of all sets in order, each once."""
        found = [prefix for each in self.sets.values() for prefix in each.prefixes()]
        closed = self.tag == "closed"
        return tuple(dict.fromkeys(replace(prefix, closed=closed) for prefix in found))

    def _conflicts(self) -> list[str]:
        prefixes = self.prefixes()
        names = [prefix.name for prefix in prefixes]
        faults = []
        ambiguous = sorted({name for name in names if names.count(name) > 1})
        if ambiguous:
            faults.append(
                f"prefixes: different prefixes have the name {', '.join(map(repr, ambiguous))}; their statistics would be "
                "merged"
            )
        free = [prefix.name for prefix in prefixes if prefix.closed and not prefix.text]
        if free:
            faults.append(
                f"prefixes.tag=closed leaves no room for the thoughts of {', '.join(map(repr, free))}: use prefixes.tag=open"
            )
        return faults
