"""One text completion, as a server returns it."""

import json
from dataclasses import dataclass

from thoughtrank.records import Finish


@dataclass(frozen=True, slots=True)
class Completion:
    """The text a server generated.

    Attributes:
        text: without the stop string.
        finish: ``stop`` if the model or a stop string ended it, ``length`` if it reached the limit.
        token_ids: of the text, from servers that return them.
        reported_tokens: how many tokens the server reports; None if it reports no integer.
        stopped_at: the stop string that ended it, from servers that name it; None where none did.
    """

    text: str
    finish: Finish
    token_ids: tuple[int, ...] | None = None
    reported_tokens: int | None = None
    stopped_at: str | None = None


def read_completion(content: bytes) -> Completion:
    """The only choice in the body of a response.

    Raises:
        ValueError: no JSON, not exactly one choice, no text, or a finish reason other than ``stop`` and ``length``.
    """
    body = json.loads(content)
    try:
        [choice] = body["choices"]
        text, finish, token_ids = choice["text"], choice["finish_reason"], choice.get("token_ids")
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"no choice in {content[:80]!r}") from None
    if not isinstance(text, str) or finish not in ("stop", "length"):
        raise ValueError(f"a text of type {type(text).__name__} with finish reason {finish!r}")
    if not isinstance(token_ids, list) or not all(type(token) is int and token >= 0 for token in token_ids):
        token_ids = None
    # Fields of vLLM and of SGLang, both of which name the token in place of a string where a token ended the text.
    stopped_at = choice.get("stop_reason", choice.get("matched_stop"))
    usage = body.get("usage")
    reported = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return Completion(
        # Half of a surrogate pair is no character; neither tokenizers nor tables accept it.
        text=text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        finish=finish,
        token_ids=None if token_ids is None else tuple(token_ids),
        reported_tokens=reported if type(reported) is int else None,
        stopped_at=stopped_at if isinstance(stopped_at, str) else None,
    )
