"""One or more prefix sets side by side (the config group ``prefixes``)."""

from dataclasses import replace
from typing import Any, Literal

from thoughtrank.prefixes.protocol import Prefix, PrefixSet


class PrefixSets:
    """All prefixes of a run. A prefix that stands in two sets is one prefix.

    Args:
        tag: ``open`` leaves the tag open behind the prefix, so that the model goes on with its thought; ``closed`` closes it
            there, so that the prefix is the whole thought.
        sets: each with a name of its own.
    """

    def __init__(self, *, tag: Literal["open", "closed"] = "open", **sets: Any) -> None:
        self.tag = tag
        self.sets: dict[str, PrefixSet] = sets

    def faults(self) -> list[str]:
        """What a user has to put right: that of each set, and how they fit together."""
        if not self.sets:
            return ["prefixes: no set is chosen; give at least one, for instance prefixes=digits"]
        faults = [fault for each in self.sets.values() for fault in each.faults()]
        if faults:
            return faults
        prefixes = self.prefixes()
        names = [prefix.name for prefix in prefixes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            faults.append(
                f"prefixes: different prefixes are called {', '.join(map(repr, twice))}; their figures would be mixed up"
            )
        free = [prefix.name for prefix in prefixes if prefix.closed and not prefix.text]
        if free:
            faults.append(
                f"prefixes.tag=closed leaves no room for the thoughts of {', '.join(map(repr, free))}: use prefixes.tag=open"
            )
        return faults

    def prefixes(self) -> tuple[Prefix, ...]:
        """The prefixes of all sets in order, each once."""
        found = [prefix for each in self.sets.values() for prefix in each.prefixes()]
        closed = self.tag == "closed"
        return tuple(dict.fromkeys(replace(prefix, closed=closed) for prefix in found))
