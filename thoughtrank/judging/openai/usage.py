"""What a reply cost, from the usage that the server reports, which may be wrong."""

import math
import threading
from collections.abc import Mapping

from thoughtrank.judging.protocol import Usage
from thoughtrank.output.terminal import print_warning

CEILING = 100
"""A count above its bound is recorded as reported, up to this many times the bound."""

_LONGEST_TOKEN = 16
"""Characters. Tokenizers have longer tokens only for runs of one character; a text of such runs is settled at the bound."""

Price = tuple[float, float] | None
"""US dollars per million prompt and completion tokens; None where unknown, which counts as 0."""


def usage_of(*, prompt_tokens: int, completion_tokens: int, price: Price) -> Usage:
    """The usage with its cost in US dollars."""
    per_prompt, per_completion = price or (0.0, 0.0)
    cost = (prompt_tokens * per_prompt + completion_tokens * per_completion) / 1e6
    return Usage(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, cost=cost)


def fewest_tokens(text: str) -> int:
    """A lower bound on the tokens of a text: common tokenizers join no two words, and long words have several."""
    return sum(math.ceil(len(word) / _LONGEST_TOKEN) for word in text.split())


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

    def bound(self, most: Usage, *, price: Price) -> Usage:
        """The most that an attempt can take.

        Args:
            most: tokens by the size of the request and the limit of the reply. The bound is higher after a reply with more.
            price: per million tokens.
        """
        with self._lock:
            return usage_of(
                prompt_tokens=math.ceil(most.prompt_tokens * self._factors["prompt_tokens"]),
                completion_tokens=math.ceil(most.completion_tokens * self._factors["completion_tokens"]),
                price=price,
            )

    def settle(self, reported: object, *, sent: str, received: str, most: Usage, price: Price) -> Usage:
        """The reported usage, if it is plausible; else the bound.

        Plausible are integers of at least ``fewest_tokens``; half as many for the reply, because a server may count only the
        tokens of a JSON reply that its schema left open. A count above ``most`` is recorded up to ``CEILING`` times
        ``most``, and raises later bounds.

        Args:
            reported: the field ``usage`` of the response, whatever it holds; None where it is missing.
            sent: text of the prompt.
            received: all text of the reply.
            most: as for ``bound``.
            price: per million tokens.
        """
        counts: Mapping[str, object] = reported if isinstance(reported, Mapping) else {}
        prompt = self._count(counts, "prompt_tokens", fewest=fewest_tokens(sent), most=most.prompt_tokens)
        completion = self._count(
            counts, "completion_tokens", fewest=math.ceil(fewest_tokens(received) / 2), most=most.completion_tokens
        )
        if prompt is None or completion is None:
            self._warn("reports no plausible usage: the most that such a call can cost is recorded")
            bound = self.bound(most, price=price)
            prompt = max(prompt or 0, bound.prompt_tokens)
            completion = max(completion or 0, bound.completion_tokens)
        return usage_of(prompt_tokens=prompt, completion_tokens=completion, price=price)

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

    def _warn(self, what: str) -> None:
        """Print a warning, each only once."""
        with self._lock:
            new = what not in self._warned
            self._warned.add(what)
        if new:
            print_warning(f"{self._server} {what}")
