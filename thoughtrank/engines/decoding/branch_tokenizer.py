"""Turns the tokens of branches into text, and determines which tokens can end a thought or a turn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from thoughtrank.engines.answer_ends import AnswerEnds
from thoughtrank.engines.tokenization import continuation_ids, decode_after, encode
from thoughtrank.prompting.thought_tags import CLOSE_TAG

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class BranchTokenizer:
    """The model's tokenizer, as the branching decoder uses it.

    Args:
        tokenizer: of the model.
        end_tokens: every token that ends a turn.

    Attributes:
        end_tokens: as given.
        answer_ends: which tokens end an answer.
        may_close: every token that can complete a thought tag; only these have to be decoded while generating.
    """

    def __init__(self, *, tokenizer: "PreTrainedTokenizerBase", end_tokens: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self.end_tokens = end_tokens
        self.answer_ends = AnswerEnds(tokenizer=tokenizer, end_tokens=end_tokens)
        last = CLOSE_TAG[-1]
        self.may_close = frozenset(
            token for token in range(len(tokenizer)) if last in tokenizer.decode([token], skip_special_tokens=False)
        )

    def encode(self, text: str) -> list[int]:
        """See ``tokenization.encode``."""
        return encode(self._tokenizer, text)

    def continuation_ids(self, context: str, text: str) -> tuple[list[int], list[int]]:
        """See ``tokenization.continuation_ids``."""
        return continuation_ids(self._tokenizer, context, text)

    def decode_after(self, start: Sequence[int], tokens: Sequence[int]) -> str:
        """See ``tokenization.decode_after``."""
        return decode_after(self._tokenizer, start, tokens)
