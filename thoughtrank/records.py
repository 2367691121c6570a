"""The records that the stages of the pipeline exchange, as frozen dataclasses.

Field names are the column names of the Parquet tables. This module imports nothing heavy.
"""

import json
from dataclasses import dataclass
from typing import Literal

STAGES = ("generation", "ranking", "gains", "selection", "training", "evaluation")
"""The stages of a round, in the order of the pipeline; ``gains`` only where the selection depends on them."""

OTHER_STAGES = ("screening", "development", "win_rates")
"""What else takes time in some rounds: screening of the questions, evaluation on development questions, judged comparisons."""

Finish = Literal["stop", "length", "tag"]
"""``stop``: the model ended the text. ``length``: the token limit ended it. ``tag``: it ends before a thought tag that does not
belong there; an imported text contains the tag."""


ReferenceKind = Literal["number", "letter", "yes_no", "formula", "short_text", "free_text", "none"]
"""``number``: one number with at most a unit. ``letter``: the letter of a multiple-choice option. ``yes_no``: also true and
false. ``formula``: other mathematics, such as LaTeX, intervals, sets. ``short_text``: a few words. ``free_text``: anything
longer. ``none``: there is no reference answer."""


StatedKind = Literal["number", "letter", "yes_no", "formula", "short_text", "free_text"]
"""The kinds that a user may state for all reference answers of a source."""


Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation, without chat markup."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as the model and the judge see it.

    Attributes:
        question_id: unique; the same question has the same id in every run.
        text: the question, without chat markup.
        answer: the reference answer, or None.
        family: kind of question, or None; results are also reported by family.
        unseen: a held-out question of a family that is never trained on.
        problem: shared by questions that differ in their wording only; None where the question is its own problem.
        accepted: further answers that are right, too.
        answer_kind: kind of the reference answer, where the source names it; None finds it.
        context: the turns of the conversation before the question; empty where it stands alone.
    """

    question_id: str
    text: str
    answer: str | None = None
    family: str | None = None
    unseen: bool = False
    problem: str | None = None
    accepted: tuple[str, ...] = ()
    answer_kind: ReferenceKind | None = None
    context: tuple[Turn, ...] = ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The whole conversation; its last turn is the question."""
        return (*self.context, Turn("user", self.text))

    @property
    def key(self) -> str:
        """What decides whether two questions are the same: the text, with all turns before it."""
        return json.dumps([[turn.role, turn.content] for turn in self.turns]) if self.context else self.text

    @property
    def whole_text(self) -> str:
        """All of it as one text, for a reader and for a judge: with the turns before it, if there are any."""
        if not self.context:
            return self.text
        shown = (f"{turn.role.capitalize()}: {turn.content}" for turn in self.turns)
        return "\n\n".join(("The question is the last turn of this conversation.", *shown))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thought and the answer that follows it.

    Attributes:
        question_id: of its question.
        candidate_id: unique in the run.
        prefix: name of its prefix: the text the thought was forced to begin with, or how it was sampled.
        thought: the text between the tags, prefix included.
        answer: the text after the closing tag, up to the end of the turn.
        thought_tokens: number of generated tokens in the thought, without forced ones.
        answer_tokens: number of generated tokens in the answer, without the end-of-turn token.
        thought_finish: ``stop`` where the model ended the thought, by the closing tag or by ending its turn inside it (the
            tag is then added); ``length`` where the thought was cut at the limit and the closing tag forced; ``tag`` where it
            opened another thought inside: it ends before that tag, and there is no answer.
        answer_finish: ``length`` where the answer was cut at the limit; ``tag`` where it ends before a thought tag.
        thought_ids: token ids after the prefix up to and including the closing tag.
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

    @property
    def is_malformed(self) -> bool:
        """Whether a thought tag is where none belongs: such a candidate is never ranked and never trained on."""
        return "tag" in (self.thought_finish, self.answer_finish)


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """The rank of one candidate among those of its question.

    Attributes:
        rank: 1 is best, ties share a rank; None where the candidate is unranked.
        reason: why it is unranked; None where it is ranked.
        score: sort key, larger is better; with a posterior the mean strength in logits. None where an exact judge gives the
            order.
        score_sd: standard deviation of the score, where the ranker has a posterior.
        p_top: probability that its answer is the best of its question, where the ranker has a posterior.
        flag: what is suspicious about the judge's calls on its answer, or None; the rank accounts for it.
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
class Gain:
    """By how much the thought of a candidate raises the probability of an answer; see ``gains.thought_gain``.

    Attributes:
        gain: ``answer_logprob`` minus ``baseline_logprob``, in nats; minus infinity where the thought does not fit the
            model's context.
        answer_logprob: of the answer after the thought, cut before it states the answer.
        baseline_logprob: of the answer after an empty thought.
        answer: which answer: the reference, or the candidate's own final answer.
        answer_kind: ``number``, ``letter``, ``short_text``; or ``free_text``, where both log-probabilities are means per token.
        cut: characters of the thought that come before the answer; None where it never states it, so that all of it counts.
    """

    question_id: str
    candidate_id: str
    gain: float
    answer_logprob: float
    baseline_logprob: float
    answer: str
    answer_kind: str
    cut: int | None


@dataclass(frozen=True, slots=True)
class Example:
    """One training example: ``prompt`` rendered by the chat template, ``completion`` as the model should write it."""

    question_id: str
    candidate_id: str
    prompt: str
    completion: str
