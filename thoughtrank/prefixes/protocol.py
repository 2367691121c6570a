"""What a prefix is, and what gives prefixes. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prefix:
    """One way to begin a thought: every question gets one candidate per prefix.

    Attributes:
        name: unique in a run; what tables, figures and plots call it.
        text: characters forced behind the opening tag; may be empty.
        closed: the tag is closed right behind ``text``, so that the prefix is the whole thought.
        temperature: the thought is sampled at; 0 is greedy.
        seed: of the sampling; the question's id is mixed in.
        first_choice: place of the thought's first token among the model's likeliest, from 0; None leaves it free.
    """

    name: str
    text: str = ""
    closed: bool = False
    temperature: float = 0.0
    seed: int = 0
    first_choice: int | None = None


class PrefixSet(Protocol):
    """Some prefixes that belong together; the config group ``prefixes`` puts one or more of them side by side."""

    def faults(self) -> list[str]:
        """What a user has to put right, one sentence each."""
        ...

    def prefixes(self) -> tuple[Prefix, ...]:
        """The prefixes in order, with different names."""
        ...
