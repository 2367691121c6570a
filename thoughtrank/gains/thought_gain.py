"""The gain of a thought: by how much it raises the probability of the answer before it states the answer. Pure.

For short answers a (numbers, letters, a few words)::

    gain = score(a | question, thought cut just before it states a) - score(a | question, empty thought, stem)

in nats; see ``EngineSession.score``. Cutting matters: after the whole thought, which contains a, a is probable anyway. A
thought that never states a is closed, and the stem ("The answer is") follows it, as it follows the empty thought. a is the
reference, or without one the candidate's own final answer.

For long answers, and references that are free text, both scores are of the candidate's whole answer after the closed
thought and after the empty thought, per token of the answer.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from thoughtrank.engines.protocol import ContinuationScore, ScoredAnswer
from thoughtrank.evaluation.answer_extraction import claims, final_answer
from thoughtrank.evaluation.numbers_in_text import NUMBER
from thoughtrank.evaluation.plain_text import plain
from thoughtrank.evaluation.reference_kinds import reference_kind, understood
from thoughtrank.gains.answer_statement import find_statement
from thoughtrank.prompting.thought_tags import EMPTY_THOUGHT, OPEN_TAG, answer_opener, opener
from thoughtrank.records import Candidate, Gain, Question, ReferenceKind

GAIN_RULES = 3
"""Version of these rules: part of the fingerprint of every table of gains."""
_SPACES = " \t\r\n"
_STATES_NUMBER = re.compile(r"[^\n=]{0,40}=\s*[$€£]?-?[0-9.,]+\s*$|[$€£]?-?[0-9][0-9.,]*(?:\s[^\W\d_]+){0,4}\s*$")
"""A calculation with its result, or a number with a few words after it."""


@dataclass(frozen=True, slots=True)
class ThoughtScores:
    """What has to be scored for the gain of one candidate.

    Attributes:
        candidate: whose thought it is.
        answer: a.
        kind: of the answer.
        cut: characters of the thought before it states the answer; None where the whole thought is used.
        with_thought: a after the thought.
        at_once: a after the empty thought.
    """

    candidate: Candidate
    answer: str
    kind: ReferenceKind
    cut: int | None
    with_thought: ScoredAnswer
    at_once: ScoredAnswer

    @property
    def texts(self) -> tuple[ScoredAnswer, ScoredAnswer]:
        """Both, in the order in which ``gain`` takes their scores."""
        return self.with_thought, self.at_once

    def gain(self, with_thought: ContinuationScore, at_once: ContinuationScore) -> Gain:
        """The gain, from both scores; minus infinity where the thought does not fit the model's context."""
        per = max(with_thought.tokens, 1) if self.kind == "free_text" else 1
        answer, baseline = with_thought.logprob / per, at_once.logprob / per
        return Gain(
            question_id=self.candidate.question_id,
            candidate_id=self.candidate.candidate_id,
            gain=answer - baseline if answer > float("-inf") else answer,
            answer_logprob=answer,
            baseline_logprob=baseline,
            answer=self.answer,
            answer_kind=self.kind,
            cut=self.cut,
        )


def thought_scores(
    candidate: Candidate, question: Question, *, stem: str, escape: Callable[[str], str]
) -> ThoughtScores:
    """What has to be scored for one candidate.

    Args:
        candidate: of the question.
        question: with its reference, if it has one.
        stem: introduces a short answer.
        escape: escapes special tokens and tags in a text of the model.
    """
    kind, answer, _, _ = understood(question.answer, question.answer_kind)
    if kind == "none":
        answer, kind = own_answer(candidate.answer)
    if kind == "free_text":
        return _free_text(candidate, escape=escape)
    short = _bare(answer, kind=kind)
    at_once = _after(answer_opener(thought="", stem=stem), f" {short}", kind=kind)
    statement = find_statement(candidate.thought, answer, kind=kind, question=question.whole_text)
    if statement is None:
        with_thought = answer_opener(thought=escape(candidate.thought), stem=stem)
        return ThoughtScores(candidate, short, kind, None, _after(with_thought, f" {short}", kind=kind), at_once)
    thought = escape(candidate.thought[: statement.start])
    return ThoughtScores(
        candidate, short, kind, statement.start, _after(OPEN_TAG + thought, statement.text, kind=kind), at_once
    )


def own_answer(text: str) -> tuple[str, ReferenceKind]:
    """The final answer that an answer text itself states, and its kind; the whole text where it is long.

    The boxed text counts, else what follows the last "answer is", else the text itself.
    """
    found = claims(text)
    has_claim = len(found) > 1 or "\\boxed" in text
    claim = (found[0] if found and has_claim else text).strip().rstrip(".")
    kind = reference_kind(claim)
    if kind == "number" or _STATES_NUMBER.match(claim):
        return final_answer(claim) or claim, "number"
    return (claim, kind) if kind in ("letter", "yes_no", "formula", "short_text") else (text, "free_text")


def _free_text(candidate: Candidate, *, escape: Callable[[str], str]) -> ThoughtScores:
    answer = escape(candidate.answer)
    closed = opener(escape(candidate.thought), closed=True)
    return ThoughtScores(
        candidate,
        candidate.answer,
        "free_text",
        None,
        ScoredAnswer(closed, answer, "text"),
        ScoredAnswer(EMPTY_THOUGHT, answer, "text"),
    )


def _after(context: str, answer: str, *, kind: ReferenceKind) -> ScoredAnswer:
    """``answer`` after ``context``, with the white space between them as part of the answer, as tokenizers have it."""
    bare = context.rstrip(_SPACES)
    spaces = context[len(bare) :]
    text = spaces + answer.lstrip(_SPACES) if spaces else answer
    return ScoredAnswer(bare, text, "number" if kind == "number" else "text")


def _bare(answer: str, *, kind: ReferenceKind) -> str:
    """A short answer as it is scored: a number without currency and unit, a letter without brackets."""
    if kind == "letter":
        return next(character for character in answer if character.isalpha())
    if kind == "number" and (number := NUMBER.search(plain(answer))) is not None:
        return number.group().translate(str.maketrans("", "", "$€£+"))
    return answer
