"""The accuracy of an arm as text, with its number of questions where that is smaller than that of the other arms."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.report.text_layout import percent


def arm_accuracy(arms: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """The accuracy of one arm: ``44.5 %``, or ``8.1 % of 391`` where it has fewer questions; a dash without one.

    Args:
        arms: of one model, as in ``summary.json``.
        name: of the arm.
    """
    figures = arms.get(name)
    if figures is None or figures["accuracy"] is None:
        return "–"
    asked = max(each.get("n", 0) for each in arms.values())
    fewer = f" of {figures['n']}" if figures.get("n", asked) < asked else ""
    return percent(figures["accuracy"]) + fewer
