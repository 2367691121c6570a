"""The most that judge calls can take, known before any is made: for the dry run."""

import math
from dataclasses import dataclass, field

_PROMPT_TOKENS = 700
"""Rubric, question and delimiters of one call, without the answers."""


@dataclass(frozen=True, slots=True)
class CostBound:
    """An upper bound for a number of judge calls, audit included.

    Attributes:
        calls: judge calls.
        prompt_tokens: of all calls together.
        reply_tokens: of all calls together.
        dollars: US dollars; None where the price is unknown.
        prices_as_of: month (YYYY-MM) of the price table, where the price is taken from it; None for a configured price.
        budget: US dollars that the run may spend on its judge; None for no cap.
        price: US dollars per million prompt and completion tokens; None where it is unknown.
    """

    calls: int
    prompt_tokens: int
    reply_tokens: int
    dollars: float | None
    prices_as_of: str | None = None
    budget: float | None = None
    price: tuple[float, float] | None = field(default=None, compare=False)


def bounded_cost(
    *,
    calls: int,
    answers_shown: int,
    answer_tokens: int,
    max_reply_tokens: int,
    audit_fraction: float,
    price: tuple[float, float] | None,
    prices_as_of: str | None,
    budget: float | None,
) -> CostBound:
    """The bound for a number of calls.

    Args:
        calls: planned, without the audit.
        answers_shown: in all these calls together.
        answer_tokens: most tokens of one answer.
        max_reply_tokens: most tokens of one reply.
        audit_fraction: of the calls that the audit repeats.
        price: US dollars per million prompt and completion tokens, or None.
        prices_as_of: see ``CostBound``.
        budget: see ``CostBound``.
    """
    all_calls = math.ceil(calls * (1 + audit_fraction))
    prompt_tokens = all_calls * _PROMPT_TOKENS + math.ceil(answers_shown * (1 + audit_fraction)) * answer_tokens
    reply_tokens = all_calls * max_reply_tokens
    return CostBound(
        calls=all_calls,
        prompt_tokens=prompt_tokens,
        reply_tokens=reply_tokens,
        dollars=None if price is None else (prompt_tokens * price[0] + reply_tokens * price[1]) / 1e6,
        prices_as_of=prices_as_of,
        budget=budget,
        price=price,
    )
