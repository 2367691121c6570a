"""Explains why a round found no example: the judge gave no verdicts, or the verdicts tell no answer from another."""

from collections.abc import Mapping

from thoughtrank.rankers.call_outcomes import REFUSED

_NO_VERDICT = (REFUSED, "malformed", "too_long", "error")
"""How the reasons of answers begin that are unranked because of the judge."""


def no_example_text(beginning: str, *, candidates: int, unranked: Mapping[str, int]) -> str:
    """One sentence or two for the terminal.

    Args:
        beginning: "round 1 found no example".
        candidates: of the round, all answers together.
        unranked: how many of them are unranked, by reason.
    """
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
    return (
        f"{beginning}: in every question all answers tied, or the best were truncated or too few to be "
        f"more than luck{f'; and {causes}' if causes else ''}. It keeps the model it started with: easier or harder questions "
        "or longer limits may help"
    )
