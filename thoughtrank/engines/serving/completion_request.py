"""A request for one completion, whose JSON is written once, for the log and for the server: a prompt has many token ids."""

import json
from collections.abc import Mapping
from hashlib import sha256

_SORTED = json.JSONEncoder(sort_keys=True)


class CompletionRequest:
    """What is asked, whatever the server.

    Args:
        body: the fields, without ``model``; not changed any more.

    Attributes:
        body: as given.
    """

    def __init__(self, body: Mapping[str, object]) -> None:
        self.body = body
        self._json = _SORTED.encode(body)

    @property
    def key(self) -> str:
        """The same for the same fields, in whatever order."""
        return sha256(self._json.encode()).hexdigest()

    def json_with(self, defaults: Mapping[str, object]) -> bytes:
        """The body with further fields, which do not replace its own."""
        if not self.body or not defaults or not defaults.keys().isdisjoint(self.body):
            return json.dumps({**defaults, **self.body}).encode()
        return f"{json.dumps(defaults)[:-1]}, {self._json[1:]}".encode()
