"""The length of a judge call, estimated without the judge's tokenizer at four characters per token."""

from collections.abc import Iterable

from thoughtrank.judging.protocol import AnswerView

CHARACTERS_PER_TOKEN = 4
"""Of English prose under the usual tokenizers. Digits and code take more tokens, so leave some margin under a limit."""

FRAME_TOKENS = 600
"""The rubric around the question and the answers, and room for the reply."""

LABEL_TOKENS = 40
"""The two marker lines around one answer, and its label in the reply."""


def text_tokens(text: str) -> float:
    """Estimated tokens of a text."""
    return len(text) / CHARACTERS_PER_TOKEN


def call_tokens(*, question: str, reference: str | None, answers: Iterable[AnswerView]) -> float:
    """Estimated tokens of a judge call with its reply."""
    texts = [answer.text for answer in answers]
    shown = sum(map(text_tokens, (question, reference or "", *texts)))
    return FRAME_TOKENS + LABEL_TOKENS * len(texts) + shown
