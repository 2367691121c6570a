"""How each prefix did in a round: which openers win, and what their thoughts are like."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import groupby
from math import isfinite

from thoughtrank.gains.thought_gain import own_answer
from thoughtrank.records import Candidate, Gain, RankedCandidate


@dataclass(frozen=True, slots=True)
class PrefixResult:
    """One prefix over the questions of a round.

    Attributes:
        candidates: how many it has.
        win_rate: fraction of the questions that could be decided (some answer better than another) in which this prefix's
            answer shares the best rank; None where there was no such question.
        genuine_rate: fraction of the same questions that it wins with a thought of positive gain; None without gains.
        mean_gain: of its thoughts that were scored, in nats; None where none was.
        p_top: mean probability that its answer is the best of its question; None where the ranker has no posterior.
        distinct_rate: fraction of its candidates with a final answer that no other prefix gave to the same question.
        ranked: fraction of its candidates that were ranked.
        thought_tokens: mean over its candidates.
        closed_rate: fraction of its thoughts that closed by themselves.
    """

    prefix: str
    candidates: int
    win_rate: float | None
    genuine_rate: float | None
    mean_gain: float | None
    p_top: float | None
    distinct_rate: float
    ranked: float
    thought_tokens: float
    closed_rate: float


@dataclass(frozen=True, slots=True)
class RoundPrefix(PrefixResult):
    """A row of the table of a run: one prefix in one round."""

    round: int


@dataclass(frozen=True, slots=True)
class CandidateFigures:
    """All candidates of a round together.

    Attributes:
        n: how many there are.
        questions: that they answer.
        tokens: generated, of thoughts and answers; forced ones do not count.
        distinct_answers: mean number of different final answers to a question; None without candidates.
        decided: questions in which some answer is better than another.
        genuine: those of them that have a best answer with a thought of positive gain; None without gains.
        genuine_thoughts: candidates with such a thought and a best answer, in the same questions; None without gains.
        mean_gain: of the thoughts that were scored, in nats; None where none was.
    """

    n: int
    questions: int
    tokens: int
    distinct_answers: float | None
    decided: int
    genuine: int | None
    genuine_thoughts: int | None
    mean_gain: float | None


@dataclass(slots=True)
class _Counts:
    """What is counted of one prefix; ``decided``, ``won`` and ``genuine`` only in questions that could be decided."""

    candidates: int = 0
    ranked: int = 0
    decided: int = 0
    won: int = 0
    genuine: int = 0
    scored: int = 0
    gains: float = 0.0
    with_p_top: int = 0
    p_top: float = 0.0
    distinct: int = 0
    thought_tokens: int = 0
    closed: int = 0

    def add(self, candidate: Candidate, row: RankedCandidate, *, gain: float | None, is_distinct: bool) -> None:
        """Count one candidate, apart from who wins."""
        self.candidates += 1
        self.ranked += row.rank is not None
        self.thought_tokens += candidate.thought_tokens
        self.closed += candidate.thought_finish == "stop"
        self.distinct += is_distinct
        if row.p_top is not None:
            self.with_p_top += 1
            self.p_top += row.p_top
        if gain is not None and isfinite(gain):
            self.scored += 1
            self.gains += gain

    def result(self, prefix: str, *, has_gains: bool) -> PrefixResult:
        """The figures of the prefix."""
        return PrefixResult(
            prefix=prefix,
            candidates=self.candidates,
            win_rate=self.won / self.decided if self.decided else None,
            genuine_rate=self.genuine / self.decided if self.decided and has_gains else None,
            mean_gain=self.gains / self.scored if self.scored else None,
            p_top=self.p_top / self.with_p_top if self.with_p_top else None,
            distinct_rate=self.distinct / self.candidates,
            ranked=self.ranked / self.candidates,
            thought_tokens=self.thought_tokens / self.candidates,
            closed_rate=self.closed / self.candidates,
        )


class PrefixTally:
    """Counts how each prefix did, question after question."""

    def __init__(self) -> None:
        self._by_prefix: dict[str, _Counts] = defaultdict(_Counts)
        self._has_gains = False
        self._questions = self._tokens = self._answers = self._decided = self._genuine = 0

    def add(self, pairs: Sequence[tuple[Candidate, RankedCandidate]], gains: Mapping[str, float] | None = None) -> None:
        """Count the candidates of one question.

        Args:
            pairs: each with its row in the rankings.
            gains: candidate id to gain, of those that were scored; None where the run has no gains.
        """
        self._has_gains |= gains is not None
        ranks = [row.rank for _, row in pairs if row.rank is not None]
        best = min(ranks, default=None)
        decided = bool(ranks) and best != max(ranks)
        by_answer = _by_answer([candidate for candidate, _ in pairs])
        distinct = {ids[0] for ids in by_answer.values() if len(ids) == 1}
        self._questions += 1
        self._answers += len(by_answer)
        self._decided += decided
        genuine = 0
        for candidate, row in pairs:
            counts, gain = self._by_prefix[candidate.prefix], (gains or {}).get(candidate.candidate_id)
            counts.add(candidate, row, gain=gain, is_distinct=candidate.candidate_id in distinct)
            won = decided and row.rank == best
            counts.decided += decided
            counts.won += won
            is_genuine = won and gain is not None and gain > 0
            counts.genuine += is_genuine
            genuine += is_genuine
            self._tokens += candidate.thought_tokens + candidate.answer_tokens
        self._genuine += genuine > 0

    def results(self) -> list[PrefixResult]:
        """One row per prefix, in order of first appearance."""
        return [counts.result(prefix, has_gains=self._has_gains) for prefix, counts in self._by_prefix.items()]

    def figures(self) -> CandidateFigures:
        """All candidates together."""
        counts = self._by_prefix.values()
        scored = sum(each.scored for each in counts)
        return CandidateFigures(
            n=sum(each.candidates for each in counts),
            questions=self._questions,
            tokens=self._tokens,
            distinct_answers=self._answers / self._questions if self._questions else None,
            decided=self._decided,
            genuine=self._genuine if self._has_gains else None,
            genuine_thoughts=sum(each.genuine for each in counts) if self._has_gains else None,
            mean_gain=sum(each.gains for each in counts) / scored if scored else None,
        )


def tallied(
    candidates: Iterable[Candidate], ranking: Iterable[RankedCandidate], gains: Iterable[Gain] | None = None
) -> PrefixTally:
    """What is counted of the candidates of a round.

    Args:
        candidates: the whole table, the candidates of a question together.
        ranking: the whole table, with the same rows.
        gains: the whole table; None where the run has none.
    """
    tally = PrefixTally()
    gain_of = None if gains is None else {row.candidate_id: row.gain for row in gains}
    for _, pairs in groupby(zip(candidates, ranking, strict=True), key=lambda pair: pair[1].question_id):
        tally.add(list(pairs), gain_of)
    return tally


def with_round(round_number: int, results: Sequence[PrefixResult]) -> list[RoundPrefix]:
    """The rows of one round for the table of a run."""
    return [RoundPrefix(**asdict(each), round=round_number) for each in results]


def _by_answer(candidates: Sequence[Candidate]) -> dict[str, list[str]]:
    """Final answer to the ids of its candidates; an empty answer is none."""
    by_answer: dict[str, list[str]] = defaultdict(list)
    for each in candidates:
        if each.answer.strip():
            by_answer[_final_answer(each.answer)].append(each.candidate_id)
    return by_answer


@lru_cache(maxsize=4096)
def _final_answer(answer: str) -> str:
    """What answers are compared by. Short ones recur in many candidates, and finding it is most of the time of a tally."""
    return own_answer(answer)[0].strip().casefold()
