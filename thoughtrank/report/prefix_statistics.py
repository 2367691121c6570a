"""How each prefix did: which openers win."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from thoughtrank.records import Candidate, RankedCandidate


@dataclass(frozen=True, slots=True)
class PrefixResult:
    """One prefix over the questions of a round.

    Attributes:
        win_rate: share of the questions that could be decided (some answer better than another) in which this prefix's
            answer shares the best rank; None where there was no such question.
        ranked: share of its candidates that were ranked.
        thought_tokens: mean over its candidates.
        closed_rate: share of its thoughts that closed by themselves.
    """

    prefix: str
    win_rate: float | None
    ranked: float
    thought_tokens: float
    closed_rate: float


def prefix_results(candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[PrefixResult]:
    """One row per prefix, in order of first appearance; both arguments are whole tables with the same rows."""
    best: dict[str, int] = {}
    worst: dict[str, int] = {}
    for row in ranking:
        if row.rank is not None:
            best[row.question_id] = min(row.rank, best.get(row.question_id, row.rank))
            worst[row.question_id] = max(row.rank, worst.get(row.question_id, row.rank))
    decided = {question for question in best if best[question] < worst[question]}
    by_prefix: dict[str, list[tuple[Candidate, RankedCandidate]]] = defaultdict(list)
    for candidate, row in zip(candidates, ranking, strict=True):
        by_prefix[candidate.prefix].append((candidate, row))
    results = []
    for prefix, pairs in by_prefix.items():
        wins = [row.rank == best[row.question_id] for _, row in pairs if row.question_id in decided]
        results.append(
            PrefixResult(
                prefix=prefix,
                win_rate=sum(wins) / len(wins) if wins else None,
                ranked=sum(row.rank is not None for _, row in pairs) / len(pairs),
                thought_tokens=sum(candidate.thought_tokens for candidate, _ in pairs) / len(pairs),
                closed_rate=sum(candidate.thought_finish == "stop" for candidate, _ in pairs) / len(pairs),
            )
        )
    return results
