"""Where the answers of one question stand: the posterior that follows from the evidence, by answer id."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from thoughtrank.rankers.comparisons import Evidence
from thoughtrank.rankers.mixed_ranks import BIMODAL, FLAGGED_FROM, suspicions
from thoughtrank.rankers.plackett_luce import Posterior, best_answer, fit
from thoughtrank.rankers.protocol import RankResult

_EQUAL = 1e-6
"""Logits. Means that differ by less are equal, and the rest is rounding."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from the looks so far.

    Attributes:
        scores: posterior mean strength of every answer that some look placed, in logits.
        score_sds: their standard deviations.
        p_top: probability to be the best, of every answer that the judge may still be shown, placed or not.
        leader: the placed answer with the highest mean; None while there is none.
        expected_regret: by how much the best answer is expected to beat the leader, in standard deviations of quality.
        p_top_judged: the highest probability to be the best, where the judge's own error counts as quality.
        flags: answer id to what is suspicious about its looks.
        posterior: of all answers in the order of their ids, to begin the next fit with.
    """

    scores: Mapping[str, float]
    score_sds: Mapping[str, float]
    p_top: Mapping[str, float]
    leader: str | None
    expected_regret: float
    p_top_judged: float
    flags: Mapping[str, str]
    posterior: Posterior


def stand(evidence: Evidence, *, before: Standing | None = None) -> Standing:
    """Fit the posterior.

    Args:
        evidence: looks and what they said.
        before: an earlier standing of the same question, which saves steps of the fit.
    """
    ids = [answer.answer_id for answer in evidence.asked.answers]
    index = {each: place for place, each in enumerate(ids)}
    # To be left out of a reply is an accident, and nothing an answer brings about.
    listed_orders = [[[index[each] for each in group] for group in order.groups] for order in evidence.orders]
    missing = [[index[each] for each in order.missing] for order in evidence.orders]
    orders = [
        [*groups, left_out] if left_out else groups for groups, left_out in zip(listed_orders, missing, strict=True)
    ]
    shown_as = [[index[each] for each in order.shown] for order in evidence.orders]
    posterior = fit(len(ids), orders, shown=shown_as, start=None if before is None else before.posterior)
    suspects = suspicions(listed_orders, shown=shown_as, posterior=posterior)
    scores, variances = posterior.mean.copy(), posterior.covariance.diagonal().copy()
    for each, suspicion in suspects.items():
        away = suspicion.strength - scores[each]
        variances[each] += suspicion.probability * (1 - suspicion.probability) * away**2
        scores[each] += suspicion.probability * away
    listed = evidence.listed
    shown = [index[each] for each in evidence.ids]
    placed = [each for each in shown if ids[each] in listed]
    leader = max(placed, key=lambda each: scores[each], default=None)
    best = best_answer(
        posterior,
        among=shown,
        leader=leader,
        lowered={each: (one.probability, one.strength) for each, one in suspects.items()},
        seed=_seed(evidence),
    )
    return Standing(
        scores={ids[each]: float(scores[each]) for each in placed},
        score_sds={ids[each]: float(np.sqrt(variances[each])) for each in placed},
        p_top={ids[each]: float(share) for each, share in zip(shown, best.p_top, strict=True)},
        leader=None if leader is None else ids[leader],
        expected_regret=best.expected_regret,
        p_top_judged=float(best.p_top_judged.max(initial=0.0)),
        flags={ids[each]: BIMODAL for each, one in suspects.items() if one.probability > FLAGGED_FROM},
        posterior=posterior,
    )


def posterior_result(evidence: Evidence, standing: Standing | None) -> RankResult:
    """The order of the answers: by posterior mean, or as an exact judge gave it, or one answer alone."""
    ids = [answer.answer_id for answer in evidence.asked.answers]
    if len(ids) < 2:
        return RankResult(groups=(tuple(ids),) if ids else ())
    unranked = evidence.unranked()
    if standing is None:
        groups = evidence.orders[0].groups if evidence.orders else ()
        return RankResult(groups=groups, unranked=unranked)
    return RankResult(
        groups=tie_groups(standing.scores),
        unranked=unranked,
        scores=standing.scores,
        score_sds=standing.score_sds,
        p_top={each: share for each, share in standing.p_top.items() if each in standing.scores},
        expected_regret=standing.expected_regret if standing.leader is not None else None,
        flags=standing.flags,
    )


def tie_groups(scores: Mapping[str, float]) -> tuple[tuple[str, ...], ...]:
    """Answer ids by score, highest first; equal ones in one group, by id."""
    groups: list[list[str]] = []
    last = np.inf
    for each in sorted(scores, key=lambda each: (-scores[each], each)):
        if groups and last - scores[each] <= _EQUAL:
            groups[-1].append(each)
        else:
            groups.append([each])
        last = scores[each]
    return tuple(tuple(sorted(group)) for group in groups)


def _seed(evidence: Evidence) -> int:
    facts = f"{evidence.asked.seed}/{evidence.asked.question_id}/{len(evidence.orders)}"
    return int.from_bytes(sha256(facts.encode(errors="surrogatepass")).digest()[:8], "big")
