"""Numeric settings of engines that have a lower bound, with one message for all engines."""

from collections.abc import Mapping


def bound_faults(
    *,
    at_least_one: Mapping[str, float] | None = None,
    at_least_zero: Mapping[str, float] | None = None,
    above_zero: Mapping[str, float] | None = None,
) -> list[str]:
    """One sentence for each number that is too small.

    Args:
        at_least_one: settings by their names in the config that have to be 1 or more.
        at_least_zero: those that have to be 0 or more.
        above_zero: those that have to be above 0.
    """
    faults = [(name, value, "at least 1") for name, value in (at_least_one or {}).items() if value < 1]
    faults += [(name, value, "at least 0") for name, value in (at_least_zero or {}).items() if value < 0]
    faults += [(name, value, "above 0") for name, value in (above_zero or {}).items() if value <= 0]
    return [f"engine.{name} must be {bound}, not {value}" for name, value, bound in faults]
