"""The comparisons of a run beside the thought effect: arms with arms, rounds with round 0, the run with its controls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from thoughtrank.evaluation.paired import Outcomes, PairedDifference, holm, paired_difference
from thoughtrank.evaluation.thought_effect import Readings

_SAMPLED = "best_of_n"
"""Samples without a thought for the same tokens. The tuned model is compared with those of the base model and the controls."""
_ARMS = (
    ("own_thought", "answer_at_once"),
    ("own_thought", "swapped_thought"),
    ("own_thought", "filler_thought"),
    ("thought", "room_to_reason"),
    ("thought", _SAMPLED),
)
"""Compared within the last round."""
_AGAINST_CONTROLS = ("thought", "own_thought", "answer_at_once", "room_to_reason")
"""Compared with the same arm of each control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One of several comparisons.

    Attributes:
        first, second: what is compared, such as ``round 4 thought``.
        difference: first minus second.
        adjusted_p_value: its p-value after Holm's correction for all of them.
    """

    first: str
    second: str
    difference: PairedDifference
    adjusted_p_value: float


def comparisons(
    rounds: Sequence[Readings], controls: Mapping[str, Readings], *, problems: Mapping[str, str], seed: int
) -> list[Comparison]:
    """Every comparison of which both sides have replies to the same questions.

    Args:
        rounds: the arms of every round, round 0 first.
        controls: name of each control and variant to its arms.
        problems: question id to its problem.
        seed: of the bootstrap.
    """
    named = []
    differences = []
    for (first, of_first), (second, of_second) in _pairs(rounds, controls):
        if of_first.keys() & of_second.keys():
            named.append((first, second))
            differences.append(paired_difference(of_first, of_second, problems=problems, seed=seed))
    adjusted = holm([each.p_value for each in differences])
    return [
        Comparison(first=first, second=second, difference=difference, adjusted_p_value=p_value)
        for (first, second), difference, p_value in zip(named, differences, adjusted, strict=True)
    ]


_Side = tuple[str, Outcomes]


def _pairs(rounds: Sequence[Readings], controls: Mapping[str, Readings]) -> Iterator[tuple[_Side, _Side]]:
    last = len(rounds) - 1

    def side(number: int, arm: str) -> _Side:
        return f"round {number} {arm}", rounds[number].get(arm, {})

    for first, second in _ARMS:
        yield side(last, first), side(last, second)
    for number in range(1, last + 1):
        yield side(number, "thought"), side(0, "thought")
    if last:
        yield side(last, "thought"), side(0, _SAMPLED)
    for control, readings in controls.items():
        for arm in _AGAINST_CONTROLS:
            yield side(last, arm), (f"{control} {arm}", readings.get(arm, {}))
        yield side(last, "thought"), (f"{control} {_SAMPLED}", readings.get(_SAMPLED, {}))
