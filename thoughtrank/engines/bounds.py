"""Settings that are numbers and have a lower bound: the same sentence from every engine."""

from collections.abc import Sequence


def bound_faults(
    engine: object,
    *,
    at_least_one: Sequence[str] = (),
    at_least_zero: Sequence[str] = (),
    above_zero: Sequence[str] = (),
) -> list[str]:
    """What is wrong with an engine's numbers.

    Args:
        engine: has the settings as attributes, named as in the config.
        at_least_one: names of settings that are 1 or more.
        at_least_zero: of those that are 0 or more.
        above_zero: of those that are more than 0.
    """
    values = {name: getattr(engine, name) for name in (*at_least_one, *at_least_zero, *above_zero)}
    faults = [(name, "at least 1") for name in at_least_one if values[name] < 1]
    faults += [(name, "at least 0") for name in at_least_zero if values[name] < 0]
    faults += [(name, "above 0") for name in above_zero if values[name] <= 0]
    return [f"engine.{name} must be {bound}, not {values[name]}" for name, bound in faults]
