"""Which candidate of a question an example is preferred to. Pure."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from thoughtrank.records import Candidate


def rejected_candidate(
    chosen: Candidate, *, candidates: Sequence[Candidate], ranks: Mapping[str, int]
) -> Candidate | None:
    """The worst-ranked candidate of the question that is worse than ``chosen``; None where there is none.

    Equals are never paired, nor is a candidate without a rank. A thought or answer that was cut at its limit only stands
    against one that was cut as well: its text does not end where an end of turn is put. Among equals the smallest hash
    decides, so that no prefix is rejected more often than its rank says, and examples of one question get different ones.

    Args:
        chosen: the example.
        candidates: of its question.
        ranks: candidate id to rank, 1 is best; unranked candidates are missing.
    """
    worse = [
        each
        for each in candidates
        if ranks.get(each.candidate_id, 0) > ranks[chosen.candidate_id] and (_is_cut(chosen) or not _is_cut(each))
    ]
    if not worse:
        return None
    last = max(ranks[each.candidate_id] for each in worse)
    equals = [each for each in worse if ranks[each.candidate_id] == last]
    return min(equals, key=lambda each: sha256(f"{chosen.candidate_id}/{each.candidate_id}".encode()).hexdigest())


def _is_cut(candidate: Candidate) -> bool:
    return "length" in (candidate.thought_finish, candidate.answer_finish)
