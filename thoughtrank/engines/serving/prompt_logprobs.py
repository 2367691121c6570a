"""The log-probabilities of a prompt's tokens, as completions servers return them: echoed, or in vLLM's own field."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromptLogprobs:
    """What a server knows of a prompt's tokens and of what comes next.

    Attributes:
        texts: of the prompt's tokens; empty from a server that returns none, where the tokens are those that were sent.
        logprobs: of the prompt's tokens, in nats; None for the first.
        following: texts of the likeliest next tokens with their log-probabilities.
    """

    texts: list[str]
    logprobs: list[float | None]
    following: dict[str, float]


def read_prompt_logprobs(content: bytes) -> PromptLogprobs:
    """From the body of a response to a request for one token with ``echo`` or ``prompt_logprobs``.

    Raises:
        ValueError: it has no log-probabilities of the prompt.
    """
    body = json.loads(content)
    try:
        [choice] = body["choices"]
        usage, table = body.get("usage") or {}, choice["logprobs"]
        own = choice.get("prompt_logprobs")
        if own is not None:
            return PromptLogprobs([], [_only(each) for each in own], _following(table, position=0))
        tokens, prompt = table["tokens"], usage.get("prompt_tokens")
        # The one generated token comes last; a server may leave out the end of the turn.
        number = prompt if type(prompt) is int and len(tokens) - 1 <= prompt <= len(tokens) else len(tokens) - 1
        logprobs = [None if each is None else float(each) for each in table["token_logprobs"][:number]]
        if len(logprobs) < 2 or None in logprobs[1:]:
            raise ValueError
        return PromptLogprobs([str(each) for each in tokens[:number]], logprobs, _following(table, position=number))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        raise ValueError(f"no log-probabilities of the prompt in {content[:80]!r}") from None


def _only(entry: Mapping[str, Mapping[str, float]] | None) -> float | None:
    """The log-probability of the prompt's own token: the first entry, before likelier ones."""
    return None if entry is None else float(next(iter(entry.values()))["logprob"])


def _following(table: Mapping[str, Sequence[Mapping[str, float]]], *, position: int) -> dict[str, float]:
    """The next tokens; none where the server leaves out a generated end of the turn."""
    if len(table["top_logprobs"]) <= position:
        return {}
    return {str(text): float(logprob) for text, logprob in table["top_logprobs"][position].items()}
