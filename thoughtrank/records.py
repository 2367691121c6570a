"""The nouns that flow through the pipeline, one small frozen dataclass each.

A field is named once: here, as the column of its Parquet table, and in every plot. This module imports nothing heavy.
"""

from dataclasses import dataclass
from typing import Literal

Finish = Literal["stop", "length"]
"""``stop``: the model ended the text itself. ``length``: the limit ended it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question as the model and the judge read it.

    Attributes:
        question_id: unique and stable: the same question has the same id in every run.
        text: the question itself, without any chat markup.
        answer: the reference answer, or None where nobody knows it.
        family: what kind of question it is, or None; results are also reported by family.
        unseen: True for a held-out question of a family that is never trained on.
    """

    question_id: str
    text: str
    answer: str | None = None
    family: str | None = None
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thought and the answer that follows it.

    Attributes:
        question_id: the question it belongs to.
        candidate_id: unique in the run.
        prefix: name of the prefix: the characters the thought was made to start with, or how it was drawn.
        thought: the text between the tags, prefix included.
        answer: the text after the closing tag, up to the end of the turn.
        thought_tokens: tokens the model wrote inside the thought (forced ones not counted).
        answer_tokens: tokens the model wrote after it (the end-of-turn token not counted).
        thought_finish: ``stop`` where the model ended the thought itself, by the closing tag or by ending its turn inside
            it (the tag is then added); ``length`` marks a thought that was cut at the limit and closed by force.
        answer_finish: ``length`` marks an answer cut at the limit.
        thought_ids: token ids from behind the prefix up to the closing tag, which is included.
        answer_ids: token ids after the closing tag, without the end-of-turn token.
    """

    question_id: str
    candidate_id: str
    prefix: str
    thought: str
    answer: str
    thought_tokens: int
    answer_tokens: int
    thought_finish: Finish
    answer_finish: Finish
    thought_ids: tuple[int, ...] = ()
    answer_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """Where a judge put one candidate among those of its question.

    Attributes:
        rank: 1 is best, ties share a rank; None where the candidate is unranked.
        reason: why it is unranked; None where it is ranked.
        score: what the order is by, larger is better; with a posterior its mean strength in logits. None where the order is
            an exact judge's.
        score_sd: standard deviation of the score, where the ranker has a posterior.
        p_top: probability that its answer is the best of the question, where the ranker has a posterior.
        flag: what is suspicious about the judge's looks at its answer, or None; its rank allows for it.
    """

    question_id: str
    candidate_id: str
    prefix: str
    rank: int | None
    reason: str | None
    score: float | None = None
    score_sd: float | None = None
    p_top: float | None = None
    flag: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """One training example: ``prompt`` as rendered by the chat template, ``completion`` as the model should write it."""

    question_id: str
    candidate_id: str
    prompt: str
    completion: str
