"""How long a look is, estimated without the judge's tokenizer: four characters are taken for one token."""

from collections.abc import Iterable

from thoughtrank.judging.protocol import AnswerView

CHARACTERS_PER_TOKEN = 4
"""Of English prose under the usual tokenizers; digits and code take more tokens, so limits keep some room."""

FRAME_TOKENS = 600
"""The rubric around the question and the answers, and room for the reply."""

LABEL_TOKENS = 40
"""The two marker lines around one answer, and its label in the reply."""


def text_tokens(text: str) -> float:
    """Tokens of a text, estimated."""
    return len(text) / CHARACTERS_PER_TOKEN


def look_tokens(*, question: str, reference: str | None, answers: Iterable[AnswerView]) -> float:
    """Tokens of a look and its reply, estimated."""
    texts = [answer.text for answer in answers]
    shown = sum(map(text_tokens, (question, reference or "", *texts)))
    return FRAME_TOKENS + LABEL_TOKENS * len(texts) + shown
