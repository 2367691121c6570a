"""Keeps text that looks like a special token from becoming one.

A tokenizer encodes the characters ``<|im_end|>`` as its end-of-turn token wherever they occur, also inside a question. So
every such string gets a space after its first character (``< |im_end|>``): the model can still read it, and no tokenizer
encodes it as a special token. This happens once, where a question becomes a prompt, so that generation, evaluation and training
see the same text.

Tokenizers that normalise text first (many by NFKC) read full-width ``\uff1c|im_end|\uff1e`` as ``<|im_end|>``. So a text is
searched as the tokenizer reads it, and at the end its token ids are checked.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ESCAPE_RULES = 2
"""Version of these rules: part of the fingerprint of every stage that renders prompts."""
_UNKNOWN = "\U0010fffd"
"""A character for private use, which no vocabulary contains."""
_SPACES = str.maketrans("\u2581", " ")
"""SentencePiece's mark for a space."""


class SpecialTokenEscaper:
    """Escapes the special tokens of one tokenizer in a text, and other given strings.

    Args:
        tokenizer: all tokens added to its vocabulary count, whether or not they are marked special, except white space and
            single characters.
        also: further strings to escape.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", *, also: tuple[str, ...] = ()) -> None:
        added = {str(token) for token in tokenizer.added_tokens_decoder.values()}
        texts = _not_blank({*added, *tokenizer.all_special_tokens, *also})
        self._tokenizer = tokenizer
        self._normalized = _NormalizedCharacters(tokenizer)
        longest_first = sorted(
            texts | _not_blank(map(self._normalized.text, texts)), key=lambda text: (-len(text), text)
        )
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._special_ids = _special_ids(tokenizer)

    def escape(self, text: str) -> str:
        """``text`` with all of them escaped; repeated until none is left, since escaping one may expose another.

        Raises:
            UserError: the tokenizer still makes a special token of some of it.
        """
        while True:
            escaped = self._escaped_as_read(self._pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text))
            if escaped == text:
                break
            text = escaped
        for token in self._tokenizer(text, add_special_tokens=False)["input_ids"]:
            if token in self._special_ids:
                raise UserError(
                    f"the model's tokenizer makes its special token {self._tokenizer.convert_ids_to_tokens(token)!r} of "
                    f"ordinary text, which begins {text[:50]!a}: leave this text out, or use another tokenizer"
                )
        return text

    def _escaped_as_read(self, text: str) -> str:
        """``text`` with a space inside each part that reads as one of the strings after normalisation."""
        pieces = self._normalized.pieces(text)
        if pieces is None:
            return text
        read = "".join(pieces)
        origins = [index for index, piece in enumerate(pieces) for _ in piece]
        breaks = set()
        for found in self._pattern.finditer(read):
            # After its first character that is no space: another space after a space would change nothing.
            blank = len(found[0]) - len(found[0].translate(_SPACES).lstrip())
            breaks.add(origins[found.start() + blank])
        return "".join(f"{character} " if index in breaks else character for index, character in enumerate(text))


class _NormalizedCharacters:
    """What each character of a text becomes when a tokenizer normalises it."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self._normalize = _normalizer(tokenizer)
        self._known: dict[str, str] = {}
        if self._normalize is not None:
            # Some normalisers add a space at the start: what a character becomes is seen between two others.
            self._before = self._normalize("xx").removesuffix("x")

    def pieces(self, text: str) -> list[str] | None:
        """One string per character; None where none changes."""
        if self._normalize is None:
            return None
        pieces = [self._known.get(character) or self._add(character, self._normalize) for character in text]
        return None if all(map(str.__eq__, pieces, text)) else pieces

    def text(self, text: str) -> str:
        """The whole text."""
        return "".join(self.pieces(text) or text)

    def _add(self, character: str, normalize: Callable[[str], str]) -> str:
        whole = normalize(f"x{character}x")
        is_alone = whole.startswith(self._before) and whole.endswith("x")
        self._known[character] = whole[len(self._before) : -1] if is_alone else character
        return self._known[character]


def _normalizer(tokenizer: "PreTrainedTokenizerBase") -> Callable[[str], str] | None:
    """The normalisation of a tokenizer; NFKC where it cannot be called, None where there is none."""
    from transformers import PreTrainedTokenizerFast

    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        return lambda text: unicodedata.normalize("NFKC", text)
    normalizer = tokenizer.backend_tokenizer.normalizer
    return None if normalizer is None else normalizer.normalize_str


def _not_blank(texts: Iterable[str]) -> set[str]:
    """Those of two or more characters that are not all spaces."""
    return {text for text in texts if len(text) > 1 and text.translate(_SPACES).strip()}


def _special_ids(tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Ids that no text may have; not the unknown token where ordinary text has it."""
    ids = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    ids |= set(tokenizer.all_special_ids)
    ids -= set(tokenizer(_UNKNOWN, add_special_tokens=False)["input_ids"])
    return frozenset(number for number in ids if _not_blank([str(tokenizer.convert_ids_to_tokens(number))]))
