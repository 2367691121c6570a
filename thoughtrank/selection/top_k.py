"""Selects the candidates to train on from one question's ranking (the config group ``selection``). Pure.

Where the judge only distinguishes right from wrong, a question with too few right candidates gives no example: among 62
candidates some are right by chance ("9. The answer is 9."), and a model trained on those learns to guess.

Equal answers count once. Among equally ranked answers the one given by more candidates comes first, then the shorter, then the
one with the smaller hash, so that the selection never depends on the order of the candidates.
"""

import hashlib
from collections.abc import Sequence

from thoughtrank.instantiate import Component
from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.duplicate_answers import duplicate_classes
from thoughtrank.records import Candidate, RankedCandidate


class TopK(Component):
    """The best ``k`` different answers among those that share the best rank.

    Args:
        k: most answers of one question.
        thoughts_per_answer: most different thoughts that led to one and the same answer; each makes an example.
        min_winner_share: smallest fraction of a question's candidates that must have the best rank, where the ranking has only
            two ranks, right and wrong; from 0, for no such limit, to 1. A finer ranking is not affected.
        allow_truncated: also select thoughts and answers that were truncated at their limit; candidates with a thought tag
            where none belongs are never selected.
    """

    def __init__(
        self,
        *,
        k: int = 1,
        thoughts_per_answer: int = 1,
        min_winner_share: float = 0.0,
        allow_truncated: bool = False,
    ) -> None:
        self.k = k
        self.thoughts_per_answer = thoughts_per_answer
        self.min_winner_share = min_winner_share
        self.allow_truncated = allow_truncated

    def faults(self) -> list[str]:
        """Settings that are out of range."""
        settings = {"selection.k": self.k, "selection.thoughts_per_answer": self.thoughts_per_answer}
        faults = [f"{name}={value}: choose at least 1" for name, value in settings.items() if value < 1]
        if not 0.0 <= self.min_winner_share <= 1.0:
            faults.append(f"selection.min_winner_share={self.min_winner_share}: choose a fraction from 0 to 1")
        return faults

    def notes(self) -> list[str]:
        """Whether truncated texts may be selected."""
        if not self.allow_truncated:
            return []
        return ["selection.allow_truncated: thoughts cut at their limit may become training examples"]

    def select(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """The selected candidates of one question, best first.

        There is no example where all ranked candidates tie, nor where the best may be right by chance.

        Args:
            candidates: all of the question.
            ranking: one row for each of them.
        """
        ranks = {row.candidate_id: row.rank for row in ranking if row.rank is not None}
        if not ranks or min(ranks.values()) == max(ranks.values()):
            return []
        best = min(ranks.values())
        winners = {each.candidate_id: each for each in candidates if ranks.get(each.candidate_id) == best}
        if len(set(ranks.values())) == 2 and len(winners) < self.min_winner_share * len(candidates):
            return []
        chosen: list[Candidate] = []
        answers = 0
        for members in _by_answer(list(winners.values())):
            usable = sorted((each for each in members if self._usable(each)), key=_preference)
            different: dict[str, Candidate] = {}
            for each in usable:
                different.setdefault(each.thought, each)
            chosen.extend(list(different.values())[: self.thoughts_per_answer])
            answers += bool(usable)
            if answers == self.k:
                break
        return chosen

    def _usable(self, candidate: Candidate) -> bool:
        if candidate.is_malformed or not candidate.answer.strip():
            return False
        return self.allow_truncated or (candidate.thought_finish == "stop" and candidate.answer_finish == "stop")


class Best(TopK):
    """The single best answer.

    Args:
        min_winner_share: as for ``TopK``.
        allow_truncated: as for ``TopK``.
    """

    def __init__(self, *, min_winner_share: float = 0.0, allow_truncated: bool = False) -> None:
        super().__init__(k=1, min_winner_share=min_winner_share, allow_truncated=allow_truncated)


def _by_answer(winners: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates with each different answer: the most frequent answer first, then the shorter, then by hash."""
    by_id = {each.candidate_id: each for each in winners}
    classes = duplicate_classes([AnswerView(each.candidate_id, each.answer) for each in winners])
    classes.sort(key=lambda each: (-len(each.members), len(each.representative.text), _hash(each.representative.text)))
    return [[by_id[member] for member in each.members] for each in classes]


def _preference(candidate: Candidate) -> tuple[bool, bool, str, str]:
    """Sort key of the thoughts that led to one answer: complete ones before truncated ones, then by hash."""
    truncated = (candidate.thought_finish == "length", candidate.answer_finish == "length")
    return *truncated, _hash(candidate.question_id + candidate.thought), candidate.candidate_id


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
