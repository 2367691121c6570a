"""From one question's ranking to the candidates worth training on (the config group ``selection``). Pure.

Where the judge told only right from wrong, a question that too few candidates won gives no example: among 62 candidates some
are right by luck ("9. The answer is 9."), and a model that is trained on luck learns to guess.

Equal answers count once. Among equally ranked answers the one that more candidates gave comes first, then the shorter,
then the smaller hash, so that a choice never depends on the order of the candidates.
"""

import hashlib
from collections.abc import Sequence

from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.duplicate_answers import duplicate_classes
from thoughtrank.records import Candidate, RankedCandidate


class TopK:
    """The best ``k`` different answers among those that share the best rank.

    Args:
        k: most answers of one question.
        thoughts_per_answer: most different thoughts that led to one and the same answer; each makes an example.
        min_winner_share: smallest share of a question's candidates that must have the best rank, where the ranking has two
            ranks only, right and wrong; from 0, for no such limit, to 1. A finer ranking is not affected.
        allow_truncated: also choose a thought or an answer that was cut at its limit.
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
        """What a user has to put right."""
        settings = {"selection.k": self.k, "selection.thoughts_per_answer": self.thoughts_per_answer}
        faults = [f"{name}={value}: choose at least 1" for name, value in settings.items() if value < 1]
        if not 0.0 <= self.min_winner_share <= 1.0:
            faults.append(f"selection.min_winner_share={self.min_winner_share}: choose a share from 0 to 1")
        return faults

    def identity(self) -> dict[str, object]:
        """Every setting."""
        return {"selection": "top_k", "version": 1, **vars(self)}

    def select(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """The chosen candidates of one question, best first.

        Where no ranked candidate is worse than the best, nothing beats the rest and there is no example; nor is there one
        where the best may be luck.

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
        classes = duplicate_classes([AnswerView(each.candidate_id, each.answer) for each in winners.values()])
        classes.sort(
            key=lambda each: (-len(each.members), len(each.representative.text), _hash(each.representative.text))
        )
        chosen: list[Candidate] = []
        answers = 0
        for same_answer in classes:
            usable = sorted(
                (winners[member] for member in same_answer.members if self._usable(winners[member])), key=_preference
            )
            different: dict[str, Candidate] = {}
            for each in usable:
                different.setdefault(each.thought, each)
            chosen.extend(list(different.values())[: self.thoughts_per_answer])
            answers += bool(usable)
            if answers == self.k:
                break
        return chosen

    def _usable(self, candidate: Candidate) -> bool:
        if not candidate.answer.strip():
            return False
        return self.allow_truncated or (candidate.thought_finish == "stop" and candidate.answer_finish == "stop")


class Best(TopK):
    """The single best answer.

    Args:
        min_winner_share: as for ``TopK``.
        allow_truncated: also choose a thought or an answer that was cut at its limit.
    """

    def __init__(self, *, min_winner_share: float = 0.0, allow_truncated: bool = False) -> None:
        super().__init__(k=1, min_winner_share=min_winner_share, allow_truncated=allow_truncated)


def _preference(candidate: Candidate) -> tuple[bool, bool, str, str]:
    """Which thought stands for an answer: one that ended by itself before one that was cut, then the smaller hash."""
    cut = (candidate.thought_finish == "length", candidate.answer_finish == "length")
    return *cut, _hash(candidate.question_id + candidate.thought), candidate.candidate_id


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
