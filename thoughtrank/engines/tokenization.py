"""Tokens as an engine reads and writes them: plain text without special tokens added, and the tokens that end a turn."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import GenerationConfig, PreTrainedTokenizerBase

_NEAR_TOKENS = 32
_PART_OF_CHARACTER = "\ufffd"


def encode(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """Token ids of ``text`` as it is, without special tokens added."""
    return encode_all(tokenizer, [text])[0]


def encode_all(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """``encode`` of many texts, in one call of the tokenizer."""
    backend = _backend(tokenizer)
    if not texts:
        return []
    if backend is None or not _encodes_whole_texts(backend, tokenizer):
        return tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    # The fast one leaves out the places of the tokens in the text.
    return [each.ids for each in backend.encode_batch_fast(list(texts), add_special_tokens=False)]


def decode(tokenizer: "PreTrainedTokenizerBase", tokens: list[int]) -> str:
    """Text of ``tokens``, special ones included."""
    backend = _backend(tokenizer)
    if backend is None or _cleans_up_spaces(backend, tokenizer):
        return str(tokenizer.decode(tokens, skip_special_tokens=False))
    return backend.decode(tokens, skip_special_tokens=False)


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
    before = decode(tokenizer, near)
    if _PART_OF_CHARACTER in before:
        near = list(start)
        before = decode(tokenizer, near)
    return decode(tokenizer, [*near, *tokens])[len(before) :]


def end_of_turn_tokens(config: "GenerationConfig | None", tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Every token that ends a turn, by the generation config (None for models without one) and the tokenizer."""
    stated = None if config is None else config.eos_token_id
    tokens = [*(stated if isinstance(stated, list) else [stated]), tokenizer.eos_token_id]
    return frozenset(token for token in tokens if token is not None)


def _backend(tokenizer: "PreTrainedTokenizerBase") -> "Tokenizer | None":
    """The tokenizer of the tokenizers library that transformers calls, if nothing of a class of its own comes between.

    A call of it takes a fraction of the time: transformers looks at the type of every token id.
    """
    kind: type = type(tokenizer)
    return tokenizer.backend_tokenizer if _is_plain(kind) else None


@cache
def _is_plain(kind: type) -> bool:
    """Whether a class of tokenizers encodes and decodes as transformers' own for the tokenizers library does."""
    from transformers import PreTrainedTokenizerFast

    methods = ("__call__", "_encode_plus", "_convert_encoding", "decode", "_decode", "backend_tokenizer")
    return issubclass(kind, PreTrainedTokenizerFast) and all(
        getattr(kind, name) is getattr(PreTrainedTokenizerFast, name) for name in methods
    )


def _encodes_whole_texts(backend: "Tokenizer", tokenizer: "PreTrainedTokenizerBase") -> bool:
    """Whether it neither cuts nor pads, and reads special tokens in a text, as transformers sets it before each call."""
    return (
        backend.truncation is None
        and backend.padding is None
        and backend.encode_special_tokens == tokenizer.split_special_tokens
    )


def _cleans_up_spaces(backend: "Tokenizer", tokenizer: "PreTrainedTokenizerBase") -> bool:
    """Whether transformers takes spaces out of a text. Many models with byte pairs ask for it, for which it does not."""
    if not tokenizer.clean_up_tokenization_spaces:
        return False
    # Older versions, which have no such attribute, take them out whatever the model.
    is_forced = getattr(tokenizer, "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output", True)
    return is_forced or type(backend.model).__name__ != "BPE"
