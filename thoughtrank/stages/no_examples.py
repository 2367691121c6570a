"""Explains why a round found no example: the judge gave no verdicts, or the verdicts tell no answer from another."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.rankers.call_outcomes import REFUSED
from thoughtrank.selection.protocol import GainSelector, Selector

_NO_VERDICT = (REFUSED, "malformed", "too_long", "error")
"""How the reasons of answers begin that are unranked because of the judge."""


def no_example_text(beginning: str, *, made: Mapping[str, Mapping[str, Any]], selector: Selector) -> str:
    """One sentence or two for the terminal.

    Args:
        beginning: "round 1 found no example".
        made: stage of the round to its facts: how many candidates were generated, and how many are unranked, by reason.
        selector: that found none.
    """
    candidates: int = made["generation"].get("candidates", 0)
    unranked: Mapping[str, int] = made["ranking"].get("unranked", {})
    failed = {reason: count for reason, count in unranked.items() if reason.split(":")[0] in _NO_VERDICT}
    without = sum(failed.values())
    causes = ""
    if without:
        reason = max(failed, key=lambda each: failed[each])
        causes = (
            f"the judge gave no verdict on {without} of {max(candidates, without)} answers; the most common reason "
            f"({failed[reason]}): {reason}"
        )
    if 2 * without >= max(candidates, 1):
        return f"{beginning}: {causes}. It keeps the model it started with"
    rules = f" ({selector.plan_line()})" if isinstance(selector, GainSelector) else ""
    return (
        f"{beginning}: in every question all answers tied, or the best were truncated, too few to be more than luck, or left "
        f"out by the selection{rules}{f'; and {causes}' if causes else ''}. It keeps the model it started with: easier or "
        "harder questions, longer limits or a selection that leaves out less may help"
    )
