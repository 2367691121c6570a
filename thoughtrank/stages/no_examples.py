"""Explains why a round found no example: no verdicts of the judge, no answer that is better than another, truncated ones."""

from collections.abc import Iterable, Mapping
from typing import Any

from thoughtrank.rankers.call_outcomes import REFUSED
from thoughtrank.records import Candidate, RankedCandidate
from thoughtrank.selection.protocol import GainSelector, Selector
from thoughtrank.storage.question_rows import rows_by_question

_NO_VERDICT = (REFUSED, "malformed", "too_long", "error")
"""How the reasons of answers begin that are unranked because of the judge."""


def truncated_among_best(candidates: Iterable[Candidate], ranking: Iterable[RankedCandidate]) -> tuple[int, int]:
    """How many candidates with the best rank of a question were cut at a limit, and how many have it; without all that tie.

    Args:
        candidates: table of a round.
        ranking: one row for each of them.
    """
    truncated = best = 0
    for of_question, rows in zip(rows_by_question(candidates), rows_by_question(ranking), strict=True):
        ranks = [row.rank for row in rows if row.rank is not None]
        if len(set(ranks)) < 2:
            continue
        winners = [each for each, row in zip(of_question, rows, strict=True) if row.rank == min(ranks)]
        best += len(winners)
        truncated += sum("length" in (each.thought_finish, each.answer_finish) for each in winners)
    return truncated, best


def no_example_text(
    beginning: str,
    *,
    made: Mapping[str, Mapping[str, Any]],
    selector: Selector,
    truncated: tuple[int, int] = (0, 0),
) -> str:
    """One sentence or two for the terminal.

    Args:
        beginning: "round 1 found no example".
        made: stage of the round to its facts: how many candidates were generated, and how many are unranked, by reason.
        selector: that found none.
        truncated: see ``truncated_among_best``.
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
    cut, best = truncated
    cut_text = f" ({cut} of {best})" if cut else ""
    allow = ", selection.allow_truncated=true" if cut and selector.identity().get("allow_truncated") is False else ""
    return (
        f"{beginning}: in every question all answers tied, or the best were truncated{cut_text}, too few to be more than luck, "
        f"or left out by the selection{rules}{f'; and {causes}' if causes else ''}. It keeps the model it started with: easier "
        f"or harder questions, longer limits{allow} or a selection that leaves out less may help"
    )
