"""How each prefix did: which openers win."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from thoughtrank.records import Candidate, RankedCandidate


@dataclass(frozen=True, slots=True)
class PrefixResult:
    """One prefix over the questions of a round.

    Attributes:
        win_rate: fraction of the questions that could be decided (some answer better than another) in which this prefix's
            answer shares the best rank; None where there was no such question.
        ranked: fraction of its candidates that were ranked.
        thought_tokens: mean over its candidates.
        closed_rate: fraction of its thoughts that closed by themselves.
    """

    prefix: str
    win_rate: float | None
    ranked: float
    thought_tokens: float
    closed_rate: float


@dataclass(slots=True)
class _Counts:
    """What is counted of one prefix; ``decided`` and ``won`` of its candidates in questions that could be decided."""

    candidates: int = 0
    ranked: int = 0
    decided: int = 0
    won: int = 0
    thought_tokens: int = 0
    closed: int = 0

    def result(self, prefix: str) -> PrefixResult:
        return PrefixResult(
            prefix=prefix,
            win_rate=self.won / self.decided if self.decided else None,
            ranked=self.ranked / self.candidates,
            thought_tokens=self.thought_tokens / self.candidates,
            closed_rate=self.closed / self.candidates,
        )


class PrefixTally:
    """Counts how each prefix did, question after question."""

    def __init__(self) -> None:
        self._by_prefix: dict[str, _Counts] = defaultdict(_Counts)

    def add(self, pairs: Sequence[tuple[Candidate, RankedCandidate]]) -> None:
        """Count the candidates of one question."""
        ranks = [row.rank for _, row in pairs if row.rank is not None]
        best = min(ranks, default=None)
        decided = bool(ranks) and best != max(ranks)
        for candidate, row in pairs:
            counts = self._by_prefix[candidate.prefix]
            counts.candidates += 1
            counts.ranked += row.rank is not None
            counts.thought_tokens += candidate.thought_tokens
            counts.closed += candidate.thought_finish == "stop"
            counts.decided += decided
            counts.won += decided and row.rank == best

    def results(self) -> list[PrefixResult]:
        """One row per prefix, in order of first appearance."""
        return [counts.result(prefix) for prefix, counts in self._by_prefix.items()]


def prefix_results(candidates: Iterable[Candidate], ranking: Iterable[RankedCandidate]) -> list[PrefixResult]:
    """One row per prefix, in order of first appearance.

    Args:
        candidates: the whole table, the candidates of a question together.
        ranking: the whole table, with the same rows.
    """
    tally = PrefixTally()
    for _, pairs in groupby(zip(candidates, ranking, strict=True), key=lambda pair: pair[1].question_id):
        tally.add(list(pairs))
    return tally.results()
