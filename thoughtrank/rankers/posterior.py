"""The posterior over the answers of one question, by answer id, and the ranking that follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from thoughtrank.rankers.best_answer import best_answer
from thoughtrank.rankers.comparisons import Comparisons
from thoughtrank.rankers.mixed_ranks import FLAG_THRESHOLD, MIXED_RANKS, Suspicion, suspicions
from thoughtrank.rankers.plackett_luce import Floats, StrengthPosterior, fit
from thoughtrank.rankers.protocol import RankResult

_EQUAL = 1e-6
"""Logits. Means that differ by less are equal up to rounding."""


@dataclass(frozen=True, slots=True)
class AnswerPosterior:
    """What follows from the comparisons so far.

    Attributes:
        scores: posterior mean strength of every ranked answer, in logits.
        score_sds: their standard deviations.
        p_top: probability to be the best, of every answer that may still be shown to the judge, ranked or not.
        leader: the ranked answer with the highest mean; None while there is none.
        expected_regret: by how much the best answer is expected to beat the leader, in standard deviations of quality.
        p_top_judged: the highest probability to be the best, where the judge's systematic error counts as quality.
        flags: answer id to what is suspicious about its ranks.
        strengths: posterior of all answers in the order of their ids, to start the next fit from.
    """

    scores: Mapping[str, float]
    score_sds: Mapping[str, float]
    p_top: Mapping[str, float]
    leader: str | None
    expected_regret: float
    p_top_judged: float
    flags: Mapping[str, str]
    strengths: StrengthPosterior


def fit_posterior(comparisons: Comparisons, *, previous: AnswerPosterior | None = None) -> AnswerPosterior:
    """Fit the posterior.

    Args:
        comparisons: of one question.
        previous: an earlier posterior of the same question, which saves steps of the fit.
    """
    ids = [answer.answer_id for answer in comparisons.all_answers.answers]
    index = {each: number for number, each in enumerate(ids)}
    listed_orders = [[_indices(group, index) for group in order.groups] for order in comparisons.orders]
    orders = [[_indices(group, index) for group in order.tie_groups()] for order in comparisons.orders]
    shown_as = [_indices(order.shown, index) for order in comparisons.orders]
    strengths = fit(len(ids), orders, shown=shown_as, start=None if previous is None else previous.strengths)
    # Without the missing answers: being left out of a reply is an accident that no answer can bring about.
    suspects = suspicions(listed_orders, shown=shown_as, posterior=strengths)
    scores, variances = _adjusted(strengths, suspects)
    listed = comparisons.listed
    shown = [index[each] for each in comparisons.ids]
    ranked = [each for each in shown if ids[each] in listed]
    leader = max(ranked, key=lambda each: scores[each], default=None)
    best = best_answer(
        strengths,
        among=shown,
        leader=leader,
        lowered={each: (suspect.probability, suspect.strength) for each, suspect in suspects.items()},
        seed=_seed(comparisons),
    )
    return AnswerPosterior(
        scores={ids[each]: float(scores[each]) for each in ranked},
        score_sds={ids[each]: float(np.sqrt(variances[each])) for each in ranked},
        p_top={ids[each]: float(probability) for each, probability in zip(shown, best.p_top, strict=True)},
        leader=None if leader is None else ids[leader],
        expected_regret=best.expected_regret,
        p_top_judged=float(best.p_top_judged.max(initial=0.0)),
        flags={ids[each]: MIXED_RANKS for each, suspect in suspects.items() if suspect.probability > FLAG_THRESHOLD},
        strengths=strengths,
    )


def posterior_result(comparisons: Comparisons, posterior: AnswerPosterior | None) -> RankResult:
    """The order of the answers: by posterior mean; without a posterior the exact judge's order, or a single answer."""
    ids = [answer.answer_id for answer in comparisons.all_answers.answers]
    if len(ids) < 2:
        return RankResult(groups=(tuple(ids),) if ids else ())
    unranked = comparisons.unranked()
    if posterior is None:
        groups = comparisons.orders[0].groups if comparisons.orders else ()
        return RankResult(groups=groups, unranked=unranked)
    return RankResult(
        groups=tie_groups(posterior.scores),
        unranked=unranked,
        scores=posterior.scores,
        score_sds=posterior.score_sds,
        p_top={each: probability for each, probability in posterior.p_top.items() if each in posterior.scores},
        expected_regret=posterior.expected_regret if posterior.leader is not None else None,
        flags=posterior.flags,
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


def _indices(ids: Sequence[str], index: Mapping[str, int]) -> list[int]:
    return [index[each] for each in ids]


def _adjusted(strengths: StrengthPosterior, suspects: Mapping[int, Suspicion]) -> tuple[Floats, Floats]:
    """Means and variances of the strengths, where a suspect is a mixture of its two explanations."""
    scores, variances = strengths.mean.copy(), strengths.covariance.diagonal().copy()
    for each, suspect in suspects.items():
        difference = suspect.strength - scores[each]
        variances[each] += suspect.probability * (1 - suspect.probability) * difference**2
        scores[each] += suspect.probability * difference
    return scores, variances


def _seed(comparisons: Comparisons) -> int:
    request = comparisons.all_answers
    facts = f"{request.seed}/{request.question_id}/{len(comparisons.orders)}"
    return int.from_bytes(sha256(facts.encode(errors="surrogatepass")).digest()[:8], "big")
