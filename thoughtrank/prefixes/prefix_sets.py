"""One or more prefix sets combined (the config group ``prefixes``)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal

from thoughtrank.prefixes.mined import MinedPrefixes
from thoughtrank.prefixes.prefix_list import PrefixList
from thoughtrank.prefixes.protocol import Prefix, PrefixSet


class PrefixSets(PrefixSet):
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

    def with_openers(self, openers: Mapping[str, Sequence[str]]) -> tuple[Prefix, ...]:
        """The prefixes of a round before which these openers were mined.

        Args:
            openers: set to its openers; a set without any keeps its prefixes.
        """
        sets: dict[str, PrefixSet] = {
            name: PrefixList(values=list(openers[name])) if openers.get(name) else each
            for name, each in self.sets.items()
        }
        return PrefixSets(tag=self.tag, **sets).prefixes()

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
        if self.tag == "closed" and mining_sets(self):
            faults.append(
                "prefixes.tag=closed: a thought that is its prefix has no first words to mine: use prefixes.tag=open, or name "
                "an earlier run (prefixes.mined.run)"
            )
        return faults


def mining_sets(prefixes: PrefixSet) -> dict[str, MinedPrefixes]:
    """The sets that mine the finished rounds of the run itself, by name; none where all rounds have the same prefixes."""
    sets = prefixes.sets if isinstance(prefixes, PrefixSets) else {}
    return {name: each for name, each in sets.items() if isinstance(each, MinedPrefixes) and each.mines_own_run}


def longest_opener(prefixes: PrefixSet) -> int:
    """Most bytes of an opener that is mined during the run; 0 where none is."""
    return max((each.longest_opener for each in mining_sets(prefixes).values()), default=0)


def most_prefixes(prefixes: PrefixSet) -> int:
    """The most prefixes of any round, whatever openers are found."""
    mining = mining_sets(prefixes)
    counts = [len(prefixes.prefixes())]
    if isinstance(prefixes, PrefixSets):
        for size in range(1, len(mining) + 1):
            for found in combinations(mining, size):
                others = {name: each for name, each in prefixes.sets.items() if name not in found}
                without = len(PrefixSets(tag=prefixes.tag, **others).prefixes())
                counts.append(without + sum(mining[name].count for name in found))
    return max(counts)
