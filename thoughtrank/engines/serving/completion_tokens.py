"""The tokens of a completion, whether or not the server returns their ids, and checks of the counts it reports."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thoughtrank.engines.serving.completion import Completion
from thoughtrank.engines.tokenization import decode_after, encode
from thoughtrank.records import Finish

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_REPLACEMENT = "\ufffd"


def tolerance(tokens: int) -> int:
    """By how much a count of the tokenizer's own tokens may differ from how the model wrote the same text."""
    return tokens // 8 + 1


@dataclass(frozen=True, slots=True)
class CompletionTokens:
    """The part of a reply that one completion generated.

    Attributes:
        text: without the end of the turn.
        ids: its token ids.
        finish: ``stop``, or ``length`` if it reached the limit.
        stopped_at: see ``Completion``.
    """

    text: str
    ids: list[int]
    finish: Finish
    stopped_at: str | None = None


class CompletionReader:
    """Gives completions token ids and counts what is wrong with them. May be used from many threads.

    Token ids are the server's if it returns them, else those of the text by the tokenizer. The server's own count is never
    used, only checked.

    Args:
        tokenizer: of the model that is served.
        end_tokens: every token that ends a turn.

    Attributes:
        completions: how many were read.
        wrong_counts: those whose reported number of tokens is missing or impossible.
        over_limit: those longer than requested; they are cut at the limit.
    """

    def __init__(self, *, tokenizer: "PreTrainedTokenizerBase", end_tokens: Collection[int]) -> None:
        self._tokenizer = tokenizer
        self._end_tokens = frozenset(end_tokens)
        self._replacement_tokens = len(encode(tokenizer, _REPLACEMENT))
        self._lock = threading.Lock()
        self.completions = self.wrong_counts = self.over_limit = 0

    def read(self, completion: Completion, *, before: list[int], limit: int) -> CompletionTokens:
        """Text and tokens of a completion.

        Args:
            completion: as the server returned it.
            before: the prompt's token ids.
            limit: tokens that were requested at most.
        """
        if completion.token_ids is None:
            text, ids = completion.text, encode(self._tokenizer, completion.text)
            # A token that is half a character is returned as a replacement character, which is several tokens.
            counted = len(ids) - text.count(_REPLACEMENT) * (self._replacement_tokens - 1)
            over_limit = counted > limit + tolerance(limit)
        else:
            returned = completion.token_ids
            ends = [returned.index(token) for token in self._end_tokens if token in returned]
            ids = list(returned[: min(ends, default=None)])
            text, counted = decode_after(self._tokenizer, before, ids), len(ids)
            over_limit = counted > limit
        with self._lock:
            self.completions += 1
            self.wrong_counts += not _is_possible(completion.reported_tokens, counted=counted, limit=limit)
            self.over_limit += over_limit
        if not over_limit:
            return CompletionTokens(text, ids, completion.finish, completion.stopped_at)
        ids = ids[:limit]
        # The cut may leave half a character at the end.
        return CompletionTokens(decode_after(self._tokenizer, before, ids).rstrip(_REPLACEMENT), ids, "length")


def _is_possible(reported: int | None, *, counted: int, limit: int) -> bool:
    """Whether a reported count can be true of ``counted`` tokens of text; end tokens and stop strings count too."""
    if reported is None:
        return False
    return counted - tolerance(counted) <= reported <= limit and (reported > 0 or counted == 0)
