"""The thought effect: what thoughts are worth over training on the same answers without them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from thoughtrank.evaluation.paired import Outcomes, PairedDifference, paired_difference_over_seeds

Readings = Mapping[str, Outcomes]
"""Evaluation arm to the outcomes of its replies."""

_READINGS = (("own_thought", "answer_at_once"), ("thought", "thought"))
"""Arm of the run and arm of the control: a number right after the model's own thought, or at once; and both free replies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the comparisons that the effect is the smallest of.

    Attributes:
        arm: of the run.
        against: the control, its variant and its arm.
        difference: the run minus the control.
    """

    arm: str
    against: str
    difference: PairedDifference


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoughtEffect:
    """The one test that is declared before the run.

    Attributes:
        points, low, high: the smallest of the differences in percentage points, with its 95 % interval.
        p_value: the largest of their p-values: the effect is claimed only if every comparison shows it (an
            intersection-union test, R. L. Berger, Technometrics 24, 1982), which needs no correction.
        n: questions of the smallest difference.
        against: what it is the difference to.
        parts: every comparison.
    """

    points: float
    low: float
    high: float
    p_value: float
    n: int
    against: str
    parts: tuple[Part, ...]


def thought_effect(
    run: Readings, answers_only: Mapping[str, Readings], *, problems: Mapping[str, str], seed: int
) -> ThoughtEffect | None:
    """The smaller of two differences, each against the better variant of the control ``answers_only``.

    One compares the answer right after the model's own thought with the control's answer at once, the other the replies to the
    chat prompt alone. The better variant is the one with the smaller difference.

    Args:
        run: the arms of the last round's model.
        answers_only: variant of the control to its arms.
        problems: question id to its problem.
        seed: of the bootstrap.

    Returns:
        None where an arm or the control is missing, or has no outcome in common with the other.
    """
    return thought_effect_over_seeds([(run, answers_only)], problems=problems, seed=seed)


def thought_effect_over_seeds(
    runs: Sequence[tuple[Readings, Mapping[str, Readings]]], *, problems: Mapping[str, str], seed: int
) -> ThoughtEffect | None:
    """As ``thought_effect``, over runs that differ in their seed and share their test questions.

    The better variant of the control is the same one for all of them.

    Args:
        runs: for each run its arms, and the variants of its control; at least one.
        problems: question id to its problem.
        seed: of the bootstrap.

    Returns:
        None where one of the runs has no effect of its own.
    """
    parts = []
    for arm, control_arm in _READINGS:
        for variant in dict.fromkeys(name for _, answers_only in runs for name in answers_only):
            pairs = [
                (run.get(arm, {}), answers_only.get(variant, {}).get(control_arm, {})) for run, answers_only in runs
            ]
            if not all(first.keys() & second.keys() for first, second in pairs):
                return None
            difference = paired_difference_over_seeds(pairs, problems=problems, seed=seed)
            parts.append(Part(arm=arm, against=f"answers_only/{variant} {control_arm}", difference=difference))
    if not parts:
        return None
    smallest = min(parts, key=lambda part: part.difference.points)
    return ThoughtEffect(
        points=smallest.difference.points,
        low=smallest.difference.low,
        high=smallest.difference.high,
        p_value=max(part.difference.p_value for part in parts),
        n=smallest.difference.n,
        against=smallest.against,
        parts=tuple(parts),
    )
