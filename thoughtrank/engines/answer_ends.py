"""Which tokens end an answer. The score of an answer includes their probability: else "3" would score on the way to "36"."""

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from thoughtrank.engines.protocol import AnswerForm
from thoughtrank.engines.tokenization import encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_CONTINUES_NUMBER = re.compile(r"[0-9]|[.,][0-9]")
_PART_OF_CHARACTER = "\ufffd"
_ANCHOR = "1"


def ends_answer(following: str, form: AnswerForm) -> bool:
    """Whether an answer is complete where ``following`` comes next.

    Args:
        following: the text of one token, as it reads after the answer.
        form: ``number``: everything that does not continue it ends it; a digit continues it, and so does a point or a comma
            with a digit after it. ``text``: punctuation and white space end it, letters and digits continue it.
    """
    if form == "number":
        return _CONTINUES_NUMBER.match(following) is None
    return following != "" and not following[0].isalnum() and following[0] != _PART_OF_CHARACTER


class AnswerEnds:
    """The tokens of one vocabulary that end an answer, by its form.

    Args:
        tokenizer: of the model.
        end_tokens: every token that ends a turn; they end every answer.
    """

    def __init__(self, *, tokenizer: "PreTrainedTokenizerBase", end_tokens: Collection[int]) -> None:
        self._tokenizer = tokenizer
        self._end_tokens = frozenset(end_tokens)
        self._texts: list[str] = []
        self._known: dict[AnswerForm, list[int]] = {}

    def tokens(self, form: AnswerForm) -> list[int]:
        """Their ids, ascending."""
        if form not in self._known:
            self._known[form] = [
                token
                for token, text in enumerate(self._token_texts())
                if token in self._end_tokens or ends_answer(text, form)
            ]
        return self._known[form]

    def _token_texts(self) -> list[str]:
        """The text of every token as it reads after another one: alone, some tokenizers drop a space at its start."""
        if not self._texts:
            anchor = encode(self._tokenizer, _ANCHOR)
            before = len(self._decoded([anchor])[0])
            pairs = [[*anchor, token] for token in range(len(self._tokenizer))]
            self._texts = [text[before:] for text in self._decoded(pairs)]
        return self._texts

    def _decoded(self, sequences: list[list[int]]) -> list[str]:
        return self._tokenizer.batch_decode(sequences, skip_special_tokens=False, clean_up_tokenization_spaces=False)
