"""What a reply cost, from the usage that the server reports, which may be wrong."""

import math
import re
import threading
import unicodedata
from collections.abc import Mapping

from thoughtrank.judging.protocol import Price, Usage
from thoughtrank.output.terminal import print_warning

CEILING = 100
"""A count above its bound is recorded as reported, up to this many times the bound."""

_SHORTEST_CONTEXT = 256
"""Tokens. A server that counts fewer than this reports nonsense, and has not cut the prompt to its context."""

_LONGEST_TOKEN = 16
"""Letters. Tokenizers have longer tokens only for runs of one character; a text of such runs is settled at the bound."""

_LONGEST_UNSPACED, _LONGEST_NUMBER = 6, 4
"""Characters per token in scripts that put no spaces between words, on average; and digits per token."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_LETTER = r"[^\W\d_]"
_PIECE = re.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)|(?P<word>{_LETTER}+(?:['\u2019]{_LETTER}+)*)|(?P<number>\d+)"
    rf"|(?P<joined>[!-/:-@\[-`{{-~](?={_LETTER}))|(?P<marks>[!-/:-@\[-`{{-~]+)"
)
"""What common tokenizers cut a text into before they look for tokens; one mark before a word may be part of its token."""


def fewest_tokens(text: str) -> int:
    """A lower bound on the tokens of a text.

    Common tokenizers join no two of words, numbers and punctuation in one token, and long words and numbers have several.
    """
    if not text.isascii():
        # Vowel signs and joiners are no letters to ``re``, and would seem to divide words.
        text = "".join(each for each in text if unicodedata.category(each) not in ("Mn", "Mc", "Me", "Cf"))
    return sum(map(_fewest_of_piece, _PIECE.finditer(text)))


def _fewest_of_piece(piece: re.Match[str]) -> int:
    longest = {"unspaced": _LONGEST_UNSPACED, "word": _LONGEST_TOKEN, "number": _LONGEST_NUMBER}
    if piece.lastgroup in longest:
        return math.ceil(len(piece.group()) / longest[piece.lastgroup])
    return 1 if piece.lastgroup == "marks" else 0


def fewest_reply_tokens(text: str) -> int:
    """The same for a reply: half of its words, because a server may count only the tokens that a JSON schema left open."""
    return math.ceil(sum(math.ceil(len(word) / _LONGEST_TOKEN) for word in text.split()) / 2)


def _with_reasoning(reported: Mapping[object, object]) -> dict[str, object]:
    """The counts with reasoning in ``completion_tokens``, where a server reports it only in the total or beside it."""
    counts = {str(name): count for name, count in reported.items()}
    details = counts.get("completion_tokens_details")
    reasoning = details.get("reasoning_tokens") if isinstance(details, Mapping) else None
    prompt, completion, total = (counts.get(f"{name}_tokens") for name in ("prompt", "completion", "total"))
    if not isinstance(completion, int) or isinstance(completion, bool):
        return counts
    if isinstance(reasoning, int) and reasoning > completion:
        completion += reasoning
    if isinstance(total, int) and isinstance(prompt, int):
        completion = max(completion, total - prompt)
    counts["completion_tokens"] = completion
    return counts


class UsageMeter:
    """Settles what replies cost, and bounds what the next one can cost. May be used from many threads.

    Args:
        server: how warnings name the server.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._factors = {"prompt_tokens": 1.0, "completion_tokens": 1.0}
        self._warned: set[str] = set()
        self._prompt_was_cut = False

    def bound(self, most: Usage, *, price: Price) -> Usage:
        """The most that an attempt can take.

        Args:
            most: tokens by the size of the request and the limit of the reply. The bound is higher after a reply with more.
            price: per million tokens.
        """
        with self._lock:
            return Usage(
                prompt_tokens=math.ceil(most.prompt_tokens * self._factors["prompt_tokens"]),
                completion_tokens=math.ceil(most.completion_tokens * self._factors["completion_tokens"]),
            ).at_price(price)

    def raised_bounds(self) -> dict[str, float]:
        """The factors above 1 by which bounds are raised, by the name of the count."""
        with self._lock:
            return {name: factor for name, factor in self._factors.items() if factor > 1.0}

    def raise_bounds(self, factors: Mapping[str, float]) -> None:
        """Raise later bounds as an earlier process did; unknown names are ignored, and no factor exceeds ``CEILING``."""
        with self._lock:
            for name in self._factors.keys() & factors.keys():
                self._factors[name] = max(self._factors[name], min(factors[name], float(CEILING)))

    def settle(self, reported: object, *, sent: str, received: str, most: Usage, price: Price) -> Usage:
        """The reported usage, if it is plausible; else the bound.

        Plausible are integers of at least ``fewest_tokens`` and ``fewest_reply_tokens``. A count above ``most`` is recorded up
        to ``CEILING`` times ``most``, and raises later bounds.

        Args:
            reported: the field ``usage`` of the response, whatever it holds; None where it is missing.
            sent: text of the prompt.
            received: all text of the reply.
            most: as for ``bound``.
            price: per million tokens.
        """
        counts: Mapping[str, object] = _with_reasoning(reported) if isinstance(reported, Mapping) else {}
        self._warn_of_cut_prompt(counts.get("prompt_tokens"), fewest=fewest_tokens(sent))
        prompt = self._count(counts, "prompt_tokens", fewest=fewest_tokens(sent), most=most.prompt_tokens)
        completion = self._count(
            counts, "completion_tokens", fewest=fewest_reply_tokens(received), most=most.completion_tokens
        )
        if prompt is None or completion is None:
            self._warn("reports no plausible usage: the most that such a call can cost is recorded")
            bound = self.bound(most, price=price)
            prompt = max(prompt or 0, bound.prompt_tokens)
            completion = max(completion or 0, bound.completion_tokens)
        return Usage(prompt_tokens=prompt, completion_tokens=completion).at_price(price)

    def _count(self, counts: Mapping[str, object], name: str, *, fewest: int, most: int) -> int | None:
        """One count, at most ``CEILING`` times ``most``; None if it is implausible."""
        count = counts.get(name)
        if not isinstance(count, int) or isinstance(count, bool) or count < fewest:
            return None
        if count <= most:
            return count
        count = min(count, CEILING * most)
        with self._lock:
            self._factors[name] = max(self._factors[name], count / most)
        self._warn(
            f"reports more {name} than its request allows: they are recorded, up to {CEILING} times as many, and more money "
            "is reserved for each further call"
        )
        return count

    def _warn_of_cut_prompt(self, count: object, *, fewest: int) -> None:
        """Warn, once, if the prompt that the server counted is shorter than the one that was sent.

        Args:
            count: prompt tokens, as reported.
            fewest: lower bound on the prompt's tokens.
        """
        if isinstance(count, int) and _SHORTEST_CONTEXT <= count < fewest and not self._prompt_was_cut:
            self._prompt_was_cut = True
            self._warn(
                f"counts {count} prompt tokens where at least {fewest} were sent: it may cut prompts, so that the judge does "
                "not read all answers. Raise the server's context (OLLAMA_CONTEXT_LENGTH for Ollama, whose default is short), "
                "or set judge.context_tokens to it"
            )

    def _warn(self, what: str) -> None:
        """Print a warning, each only once."""
        with self._lock:
            new = what not in self._warned
            self._warned.add(what)
        if new:
            print_warning(f"{self._server} {what}")
