"""How many candidates the rounds of a run have, which of them are generated, and how long they typically are."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.prefixes.prefix_sets import most_prefixes

_USED = 0.6
"""Greedy texts end before their limits; this fraction is typical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCounts:
    """Questions and candidates of one round, at most.

    Attributes:
        sizes: number of candidates of a question to the number of questions that have so many.
        imported: they come from elsewhere, and none is generated.
    """

    sizes: Mapping[int, int]
    imported: bool = False

    @property
    def questions(self) -> int:
        """Of the round."""
        return sum(self.sizes.values())

    @property
    def candidates(self) -> int:
        """Of all its questions; those of screening are not counted."""
        return sum(size * questions for size, questions in self.sizes.items())

    @property
    def generated(self) -> int:
        """How many of the candidates the run writes itself."""
        return 0 if self.imported else self.candidates


def round_counts(
    config: RunConfig, components: Components, *, rounds: Iterable[int], of_control: bool = False
) -> list[RoundCounts]:
    """Of each of these rounds.

    Args:
        config: of the run.
        components: made from it.
        rounds: numbers, from 1.
        of_control: of the rounds of a control that generates its own candidates, also for imported questions.
    """
    each = candidates_per_question(config, components)
    generated = RoundCounts(sizes={each: components.questions.train_per_round})
    first = generated
    if components.imported is not None:
        imported = Counter(components.imported.candidates_by_question.values())
        first = RoundCounts(sizes={each: imported.total()} if of_control else imported, imported=not of_control)
    return [first if number == 1 else generated for number in rounds]


def per_round_text(rounds: Sequence[RoundCounts], text: Callable[[RoundCounts, str], str]) -> str:
    """What ``text`` says of each round of a run, with one part for all that are alike.

    Args:
        rounds: of the whole run.
        text: from the counts and ``per round``, ``in round 1`` or ``per later round`` to the words of a part.
    """
    first, last = rounds[0], rounds[-1]
    if not first.imported:
        return text(first, "per round")
    parts = [text(first, "in round 1"), *([] if last.imported else [text(last, "per later round")])]
    return ", then ".join(parts)


def candidates_per_question(config: RunConfig, components: Components) -> int:
    """Generated, at most: each of several models writes one for every prefix, from round 2 on."""
    return most_prefixes(components.prefixes) * len(config.generation.models)


def candidate_tokens(config: RunConfig) -> float:
    """Tokens that a candidate typically has."""
    return _USED * (config.generation.thought_tokens + config.generation.answer_tokens)
