"""Statistics over the candidates of one round, for the sections of the report: collected question after question."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from thoughtrank.report.html.round_candidates import SELECTED, Reported
from thoughtrank.report.prefix_chance import PrefixWins
from thoughtrank.report.prefix_statistics import PrefixResult, PrefixTally

OPENING_WORDS = 3


class RoundStatistics:
    """What the sections show of one round.

    Args:
        number: of the round.

    Attributes:
        ranks, gains, lengths: value to its number of candidates; gains in nats, rounded to 0.05; lengths in tokens.
        problems: what went wrong to its number of candidates.
        selected: prefix to its number of selected candidates.
        selected_words: first word of the thought to its number of selected candidates.
        candidates: their number.
        questions: the number of their questions.
        selected_questions: the number of questions with a selected candidate.
        wins: of the questions in which some answer is better than another, which prefixes have the best one.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.ranks: Counter[float] = Counter()
        self.gains: Counter[float] = Counter()
        self.lengths: Counter[float] = Counter()
        self.problems: Counter[str] = Counter()
        self.selected: Counter[str] = Counter()
        self.selected_words: Counter[str] = Counter()
        self.candidates = 0
        self.questions = 0
        self.selected_questions = 0
        self.wins = PrefixWins()
        self._openings: dict[str, Counter[str]] = defaultdict(Counter)
        self._tally = PrefixTally()

    def add(self, group: Sequence[Reported]) -> None:
        """Count the candidates of one question."""
        for each in group:
            candidate = each.candidate
            self.candidates += 1
            self.lengths[candidate.thought_tokens] += 1
            if each.rank is not None:
                self.ranks[each.rank] += 1
            if each.gain is not None and math.isfinite(each.gain):
                self.gains[round(each.gain * 20) / 20] += 1
            if each.outcome == SELECTED:
                self.selected[candidate.prefix] += 1
                self.selected_words[first_word(candidate.thought)] += 1
            self._openings[candidate.prefix][_opening(candidate.thought)] += 1
            self._add_problems(each)
        self.questions += 1
        self.selected_questions += any(each.outcome == SELECTED for each in group)
        ranks = {each.rank for each in group if each.rank is not None}
        if len(ranks) > 1:
            self.wins.add([(each.candidate.prefix, each.rank == min(ranks)) for each in group])
        ranked = [(each.candidate, each.ranking) for each in group if each.ranking is not None]
        if ranked:
            gains = {each.candidate.candidate_id: each.gain for each in group if each.gain is not None}
            self._tally.add(ranked, gains or None)

    @property
    def decided(self) -> int:
        """Questions in which some answer is better than another."""
        return self.wins.questions

    def prefixes(self) -> list[PrefixResult]:
        """How each prefix did; empty before the ranking."""
        return self._tally.results()

    def collapses(self) -> dict[str, float]:
        """Prefix to the fraction of its thoughts that begin with their most frequent words."""
        return {prefix: max(counts.values()) / counts.total() for prefix, counts in self._openings.items()}

    def _add_problems(self, each: Reported) -> None:
        candidate, row = each.candidate, each.ranking
        if candidate.thought_finish == "length":
            self.problems["thought truncated at its limit"] += 1
        if candidate.answer_finish == "length":
            self.problems["answer truncated at its limit"] += 1
        if row is not None and row.rank is None:
            self.problems[f"unranked: {row.reason or 'no reason given'}"] += 1
        if row is not None and row.flag is not None:
            self.problems[f"flagged: {row.flag}"] += 1


def first_word(thought: str) -> str:
    """How a thought begins: at most 24 characters."""
    words = thought[:200].split(maxsplit=1)
    return words[0][:24] if words else "(empty)"


def _opening(thought: str) -> str:
    return " ".join(thought[:200].split()[:OPENING_WORDS])
