"""Chooses the rejected candidate of a preference pair. Pure functions."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import hypot

from thoughtrank.records import Candidate, RankedCandidate


def rejected_candidate(
    chosen: Candidate, *, candidates: Sequence[Candidate], ranked: Mapping[str, RankedCandidate]
) -> Candidate | None:
    """The worst-ranked candidate of the question that is clearly worse than ``chosen``; None where there is none.

    Candidates with the same rank are never paired, nor is a candidate without a rank. With a ranker that has a posterior, the
    score must be lower by at least one standard deviation of the difference (scores treated as independent). A candidate whose
    thought or answer was cut at its limit is only rejected for an example that was cut as well: its text does not end where
    an end of turn is added. Ties are broken by hash, so that no prefix is rejected more often than its rank warrants, and the
    examples of one question get different rejected candidates. A candidate with a thought tag where none belongs is never
    rejected.

    Args:
        chosen: the candidate of the example.
        candidates: all of its question.
        ranked: candidate id to its row of the rankings.
    """
    worse = [
        each
        for each in candidates
        if not each.is_malformed
        and _clearly_worse(ranked[each.candidate_id], ranked[chosen.candidate_id])
        and (_is_cut(chosen) or not _is_cut(each))
    ]
    if not worse:
        return None
    last = max(_rank(ranked[each.candidate_id]) for each in worse)
    tied = [each for each in worse if _rank(ranked[each.candidate_id]) == last]
    return min(tied, key=lambda each: sha256(f"{chosen.candidate_id}/{each.candidate_id}".encode()).hexdigest())


def _clearly_worse(row: RankedCandidate, chosen: RankedCandidate) -> bool:
    if _rank(row) <= _rank(chosen):
        return False
    if row.score is None or row.score_sd is None or chosen.score is None or chosen.score_sd is None:
        return True
    return chosen.score - row.score >= hypot(chosen.score_sd, row.score_sd)


def _rank(row: RankedCandidate) -> int:
    return row.rank or 0  # ranks begin at 1, so an unranked candidate is never the worse one


def _is_cut(candidate: Candidate) -> bool:
    return "length" in (candidate.thought_finish, candidate.answer_finish)
