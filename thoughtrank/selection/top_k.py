"""Selects the candidates to train on from one question's ranking (the config group ``selection``). Pure.

Where the judge only distinguishes right from wrong, a question with too few right candidates gives no example: among 62
candidates some are right by chance ("9. The answer is 9."), and a model trained on those learns to guess. The gain of a
thought tells luck from work, so with a least gain that rule is not needed.

Equal answers count once. Among equally ranked answers the one given by more candidates comes first, then the shorter, then the
one with the smaller hash, so that the selection never depends on the order of the candidates.
"""

import copy
import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Literal, Self

from thoughtrank.evaluation import calculations_in_text
from thoughtrank.evaluation.calculations_in_text import wrong_calculations
from thoughtrank.evaluation.named_operations import unperformed_operations
from thoughtrank.instantiate import Component
from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.duplicate_answers import duplicate_classes
from thoughtrank.records import Candidate, Gain, RankedCandidate
from thoughtrank.selection.thought_trimming import trimmed

ThoughtChoice = Literal["auto", "gain", "hash", "shortest"]
_KNOWN = math.log(0.5)
"""A question whose answer is likelier than that without a thought is known: no other answer can be as likely."""


class TopK(Component):
    """The best ``k`` different answers among those that share the best rank.

    Args:
        k: most answers of one question.
        thoughts_per_answer: most different thoughts that led to one and the same answer; each makes an example.
        thoughts: which of the thoughts that led to one answer: those of the largest ``gain``, those with the smallest
            ``hash``, which is an arbitrary but fixed choice, or the ``shortest``; ``auto`` is ``gain`` with an engine that
            scores, else ``hash``.
        min_gain: smallest gain of a thought, in nats; None for no limit. With it, ``min_winner_share`` is not applied.
        skip_known: leave out questions whose answer has a probability above one half without a thought.
        min_winner_share: smallest fraction of a question's candidates that must have the best rank, where the ranking has only
            two ranks, right and wrong; from 0, for no such limit, to 1. A finer ranking is not affected.
        max_winner_share: largest such fraction: a question that the model mostly answers right already teaches it little.
        check_calculations: leave out candidates whose thought or answer states a wrong calculation, such as "3 * 4 = 10", or
            whose thought names another operation than it calculates; see ``calculations_in_text`` and ``named_operations``.
        trim_thoughts: train on a thought only up to the end of the sentence that states the answer; see ``thought_trimming``.
            What is cut is not checked, and thoughts that are equal without it count once.
        allow_truncated: also select thoughts and answers that were truncated at their limit; candidates with a thought tag
            where none belongs are never selected.
    """

    version = 3

    def __init__(
        self,
        *,
        k: int = 1,
        thoughts_per_answer: int = 1,
        thoughts: ThoughtChoice = "auto",
        min_gain: float | None = None,
        skip_known: bool = False,
        min_winner_share: float = 0.0,
        max_winner_share: float = 1.0,
        check_calculations: bool = False,
        trim_thoughts: bool = False,
        allow_truncated: bool = False,
    ) -> None:
        self.k = k
        self.thoughts_per_answer = thoughts_per_answer
        self.thoughts: ThoughtChoice = thoughts
        self.min_gain = min_gain
        self.skip_known = skip_known
        self.min_winner_share = min_winner_share
        self.max_winner_share = max_winner_share
        self.check_calculations = check_calculations
        self.trim_thoughts = trim_thoughts
        self.allow_truncated = allow_truncated
        self._reason = ""

    def identity(self) -> dict[str, object]:
        """See ``Component``; as before thoughts could be trimmed, where they are not, and with the rules of calculations."""
        identity = super().identity()
        if self.check_calculations:
            identity["calculations"] = calculations_in_text.VERSION
        if not self.trim_thoughts:
            identity.pop("trim_thoughts")
        return identity

    def faults(self) -> list[str]:
        """Settings that are out of range."""
        settings = {"selection.k": self.k, "selection.thoughts_per_answer": self.thoughts_per_answer}
        faults = [f"{name}={value}: choose at least 1" for name, value in settings.items() if value < 1]
        shares = {"min_winner_share": self.min_winner_share, "max_winner_share": self.max_winner_share}
        wrong = {name: share for name, share in shares.items() if not 0.0 <= share <= 1.0}
        faults += [f"selection.{name}={share}: choose a fraction from 0 to 1" for name, share in wrong.items()]
        if not wrong and self.min_winner_share > self.max_winner_share:
            faults.append(
                f"selection.min_winner_share={self.min_winner_share} is above "
                f"selection.max_winner_share={self.max_winner_share}: no question can have such a fraction"
            )
        return faults

    def notes(self) -> list[str]:
        """Whether truncated texts may be selected."""
        if not self.allow_truncated:
            return []
        return ["selection.allow_truncated: thoughts cut at their limit may become training examples"]

    @property
    def needs_gains(self) -> bool:
        """See ``GainSelector``."""
        return self.thoughts == "gain" or self.min_gain is not None or self.skip_known or self.trim_thoughts

    def for_engine(self, *, scores: bool) -> Self:
        """See ``GainSelector``."""
        resolved = copy.copy(self)
        if self.thoughts == "auto":
            resolved.thoughts = "gain" if scores else "hash"
            resolved._reason = (
                f" (selection.thoughts=auto: the engine {'scores' if scores else 'does not score'} answers)"
            )
        return resolved

    def plan_line(self) -> str:
        """See ``GainSelector``."""
        kept = {"gain": "the thoughts with the largest gain", "shortest": "the shortest thoughts"}
        line = f"for each answer, keeps {kept.get(self.thoughts, 'thoughts chosen by hash')}{self._reason}"
        if self.min_gain is not None:
            line += f"; requires a gain of at least {self.min_gain:g} nats (min_winner_share is ignored)"
        line += "; skips questions that the model already answers without a thought" if self.skip_known else ""
        if self.max_winner_share < 1.0:
            line += f"; skips questions that more than {self.max_winner_share:.0%} of the candidates answer right"
        line += "; drops candidates with wrong arithmetic" if self.check_calculations else ""
        return line + ("; cuts each thought after the sentence that states the answer" if self.trim_thoughts else "")

    def choosable(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """See ``GainSelector``. Also those of questions that ``min_winner_share`` leaves out, so that one table of gains
        serves every value of it."""
        return [each for each in _best_ranked(candidates, ranking) if self._usable(each)]

    def choosable_settings(self) -> dict[str, object]:
        """See ``GainSelector``."""
        return {"component": "TopK", "version": self.version, "allow_truncated": self.allow_truncated}

    def select(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """The selected candidates of one question, best first.

        There is no example where all ranked candidates tie, nor where the best may be right by chance.

        Args:
            candidates: all of the question.
            ranking: one row for each of them.
        """
        return self.select_by_gain(candidates, ranking, {})

    def select_by_gain(
        self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate], gains: Mapping[str, Gain]
    ) -> list[Candidate]:
        """See ``GainSelector``. Without ``gains``, those are chosen that would be with gains that are all equal; no thought is
        trimmed."""
        if self.skip_known and any(_is_known(gain) for gain in gains.values()):
            return []
        chosen: list[Candidate] = []
        answers = 0
        for members in _by_answer(self._winners(candidates, ranking)):
            read = [self._as_trained(each, gains) for each in members]
            usable = [each for each in read if self._usable(each) and self._supports(each, gains)]
            different: dict[str, Candidate] = {}
            for each in sorted(usable, key=lambda each: self._preference(each, gains)):
                different.setdefault(each.thought, each)
            chosen.extend(list(different.values())[: self.thoughts_per_answer])
            answers += bool(usable)
            if answers == self.k:
                break
        return chosen

    def _winners(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """The candidates with the best rank; none where too few have it to rule out chance, or so many that little is left to
        learn."""
        winners = _best_ranked(candidates, ranking)
        if len({row.rank for row in ranking if row.rank is not None}) != 2:
            return winners
        fewest = 0.0 if self.min_gain is not None else self.min_winner_share * len(candidates)
        return winners if fewest <= len(winners) <= self.max_winner_share * len(candidates) else []

    def _usable(self, candidate: Candidate) -> bool:
        if candidate.is_malformed or not candidate.answer.strip():
            return False
        return self.allow_truncated or (candidate.thought_finish == "stop" and candidate.answer_finish == "stop")

    def _as_trained(self, candidate: Candidate, gains: Mapping[str, Gain]) -> Candidate:
        gain = gains.get(candidate.candidate_id) if self.trim_thoughts else None
        return candidate if gain is None else trimmed(candidate, gain)

    def _supports(self, candidate: Candidate, gains: Mapping[str, Gain]) -> bool:
        """Whether the thought gains enough and calculates rightly. The first needs no text, so it is looked at first."""
        if self.min_gain is not None and gains and gains[candidate.candidate_id].gain < self.min_gain:
            return False
        if not self.check_calculations:
            return True
        return not (
            wrong_calculations(candidate.thought, candidate.answer) or unperformed_operations(candidate.thought)
        )

    def _preference(self, candidate: Candidate, gains: Mapping[str, Gain]) -> tuple[bool, bool, float, str, str]:
        """Sort key of the thoughts that led to one answer: complete ones first, then as ``thoughts`` says, then by hash."""
        order = 0.0
        if self.thoughts == "gain" and gains:
            order = -gains[candidate.candidate_id].gain
        elif self.thoughts == "shortest":
            order = len(candidate.thought)
        truncated = (candidate.thought_finish == "length", candidate.answer_finish == "length")
        return *truncated, order, _hash(candidate.question_id + candidate.thought), candidate.candidate_id


class Best(TopK):
    """The single best answer.

    Args:
        thoughts: as for ``TopK``.
        min_gain: as for ``TopK``.
        skip_known: as for ``TopK``.
        min_winner_share: as for ``TopK``.
        max_winner_share: as for ``TopK``.
        check_calculations: as for ``TopK``.
        trim_thoughts: as for ``TopK``.
        allow_truncated: as for ``TopK``.
    """

    def __init__(
        self,
        *,
        thoughts: ThoughtChoice = "auto",
        min_gain: float | None = None,
        skip_known: bool = False,
        min_winner_share: float = 0.0,
        max_winner_share: float = 1.0,
        check_calculations: bool = False,
        trim_thoughts: bool = False,
        allow_truncated: bool = False,
    ) -> None:
        super().__init__(
            k=1,
            thoughts=thoughts,
            min_gain=min_gain,
            skip_known=skip_known,
            min_winner_share=min_winner_share,
            max_winner_share=max_winner_share,
            check_calculations=check_calculations,
            trim_thoughts=trim_thoughts,
            allow_truncated=allow_truncated,
        )


def _best_ranked(candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
    """The candidates with the best rank; none where all that are ranked tie."""
    ranks = {row.candidate_id: row.rank for row in ranking if row.rank is not None}
    if not ranks or min(ranks.values()) == max(ranks.values()):
        return []
    best = min(ranks.values())
    return [each for each in candidates if ranks.get(each.candidate_id) == best]


def _is_known(gain: Gain) -> bool:
    return gain.answer_kind != "free_text" and gain.baseline_logprob > _KNOWN


def _by_answer(winners: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates with each different answer: the most frequent answer first, then the shorter, then by hash."""
    by_id = {each.candidate_id: each for each in winners}
    classes = duplicate_classes([AnswerView(each.candidate_id, each.answer) for each in winners])
    classes.sort(key=lambda each: (-len(each.members), len(each.representative.text), _hash(each.representative.text)))
    return [[by_id[member] for member in each.members] for each in classes]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
