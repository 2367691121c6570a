"""Tokens as an engine reads and writes them: plain text without special tokens added, and the tokens that end a turn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerBase

_NEAR_TOKENS = 32
_PART_OF_CHARACTER = "\ufffd"


def encode(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """Token ids of ``text`` as it is, without special tokens added."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def encode_all(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """``encode`` of many texts, in one call of the tokenizer."""
    return tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []


def continuation_ids(tokenizer: "PreTrainedTokenizerBase", context: str, text: str) -> tuple[list[int], list[int]]:
    """Token ids of ``context``, and those of ``text`` as it reads after them.

    Both are cut from the tokens of the whole, unless a token of it spans both: then each is encoded by itself, as in
    generation, where the tokens of the context are fixed before the text is written.
    """
    before, whole = encode(tokenizer, context), encode(tokenizer, context + text)
    if whole[: len(before)] == before:
        return before, whole[len(before) :]
    return before, encode(tokenizer, text)


def decode_after(tokenizer: "PreTrainedTokenizerBase", start: Sequence[int], tokens: Sequence[int]) -> str:
    """Text of ``tokens`` as it reads after ``start``: some tokenizers drop a space at the start of a text.

    Only the last tokens of ``start`` are decoded with it, because no rule of a tokenizer reaches further than a word; all of
    them where the last ones begin in the middle of a character.
    """
    near = list(start[-_NEAR_TOKENS:])
    before = tokenizer.decode(near, skip_special_tokens=False)
    if _PART_OF_CHARACTER in before:
        near = list(start)
        before = tokenizer.decode(near, skip_special_tokens=False)
    return str(tokenizer.decode([*near, *tokens], skip_special_tokens=False))[len(before) :]


def end_of_turn_tokens(config: "GenerationConfig | None", tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Every token that ends a turn, by the generation config (None for models without one) and the tokenizer."""
    stated = None if config is None else config.eos_token_id
    tokens = [*(stated if isinstance(stated, list) else [stated]), tokenizer.eos_token_id]
    return frozenset(token for token in tokens if token is not None)
