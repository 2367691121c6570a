"""What a prefix is, and the protocol of a set of prefixes. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Prefix:
    """One way to begin a thought: every question gets one candidate per prefix.

    Attributes:
        name: unique in a run; used in tables, metrics and plots.
        text: characters forced after the opening tag; may be empty.
        closed: the tag is closed right after ``text``, so that the prefix is the whole thought.
        temperature: sampling temperature of the thought; 0 is greedy.
        seed: of the sampling; combined with the question's id.
        first_choice: rank of the thought's first token among the model's likeliest, from 0; None leaves it free.
    """

    name: str
    text: str = ""
    closed: bool = False
    temperature: float = 0.0
    seed: int = 0
    first_choice: int | None = None


@runtime_checkable
class PrefixSet(Protocol):
    """Prefixes that belong together; ``PrefixSets`` combines one or more sets. Sets inherit from it.

    Stages hash the ``Prefix`` records themselves, so a set has no identity.
    """

    def faults(self) -> list[str]:
        """What the user has to fix, one sentence each."""
        return []

    def prefixes(self) -> tuple[Prefix, ...]:
        """The prefixes in order, with different names."""
        ...

    def chosen_on(self) -> frozenset[str]:
        """Ids of an earlier run's questions on which the prefixes were chosen."""
        return frozenset()
