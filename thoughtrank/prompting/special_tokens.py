"""Keeps text that looks like a special token from becoming one.

A tokenizer encodes the characters ``<|im_end|>`` as its end-of-turn token wherever they occur, also inside a question. So
every such string gets a space after its first character (``< |im_end|>``): the model can still read it, and no tokenizer
encodes it as a special token. This happens once, where a question becomes a prompt, so that generation, evaluation and training
see the same text.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class SpecialTokenEscaper:
    """Escapes the special tokens of one tokenizer in a text, and other given strings.

    Args:
        tokenizer: all tokens added to its vocabulary count, whether or not they are marked special, except white space and
            single characters.
        also: further strings to escape.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", *, also: tuple[str, ...] = ()) -> None:
        added = {str(token) for token in tokenizer.added_tokens_decoder.values()}
        texts = {text for text in {*added, *tokenizer.all_special_tokens, *also} if len(text) > 1 and text.strip()}
        longest_first = sorted(texts, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def escape(self, text: str) -> str:
        """``text`` with all of them escaped; repeated until none is left, since escaping one may expose another."""
        while True:
            escaped = self._pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
            if escaped == text:
                return text
            text = escaped
