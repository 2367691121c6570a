"""Keeps text that only looks like control from being control.

A tokenizer turns the characters ``<|im_end|>`` into its end-of-turn token wherever they stand, also inside a question. So
every such run of characters gets a space behind its first one (``< |im_end|>``): the model still reads what it says, and no
tokenizer takes it for a token. This happens once, where a question becomes a prompt, so that generation, evaluation and
training read the same.
"""

import re
from typing import Any


class SpecialTokenEscaper:
    """Finds the special tokens of one tokenizer in a text, and any other text that should be data.

    Args:
        tokenizer: a transformers tokenizer. All tokens that were added to its vocabulary count, whether or not they are
            called special, but for those made of white space and those of a single character.
        also: more texts to be taken apart.
    """

    def __init__(self, tokenizer: Any, *, also: tuple[str, ...] = ()) -> None:
        added = {str(token) for token in tokenizer.added_tokens_decoder.values()}
        texts = {text for text in {*added, *tokenizer.all_special_tokens, *also} if len(text) > 1 and text.strip()}
        longest_first = sorted(texts, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def escape(self, text: str) -> str:
        """``text`` without any of them; again and again, since taking one apart may show another."""
        while True:
            taken_apart = self._pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
            if taken_apart == text:
                return text
            text = taken_apart
