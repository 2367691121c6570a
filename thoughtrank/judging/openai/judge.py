"""A judge with an OpenAI-compatible chat completions endpoint: OpenAI itself, vLLM, llama.cpp and many others."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import ClassVar

from pydantic import NonNegativeFloat

from thoughtrank.judging.base import BaseJudge
from thoughtrank.judging.model_families import model_family
from thoughtrank.judging.openai.endpoint import Connection, Refusal
from thoughtrank.judging.openai.prices import KnownPrice, known_price
from thoughtrank.judging.openai.prompt import RenderedPrompt, render, template_hash
from thoughtrank.judging.openai.requests import JudgeReply, RequestFormat, read_reply, request_body
from thoughtrank.judging.openai.unusable_server import UnusableServerDetector
from thoughtrank.judging.openai.usage import UsageMeter
from thoughtrank.judging.protocol import AttemptFailed, CallLimits, JudgeRequest, Price, Usage, Verdict
from thoughtrank.user_input.number_ranges import TimeoutSeconds

_CHAT_TOKENS = 100
"""More than any chat template adds around one message."""

_MOST_DOLLARS = 1_000_000
"""Per million tokens; more is a typing error."""

_SHOWN = 200
"""Characters that messages show of a reply that is no completion."""


class OpenAICompatibleJudge(BaseJudge):
    """One chat completion per call, with a JSON schema for the reply where the server supports one.

    Args:
        model: the model's name on the server.
        base_url: the endpoint, usually ending in ``/v1``; None for the default of the ``openai`` client.
        api_key_env: the environment variable with the key; None for a server without keys. The key is read at each call and
            never written.
        temperature: sampling temperature; None omits it, for models that reject it.
        max_reply_tokens: limit of one reply, in tokens, including the reasoning of a reasoning model.
        timeout_seconds: limit of one attempt, in seconds.
        max_retries: attempts per call after the first, with exponential backoff; a longer ``Retry-After`` is honoured.
        concurrency: calls in flight at the same time.
        requests_per_minute: attempts per minute; None for no limit.
        tokens_per_minute: prompt and completion tokens per minute; None for no limit.
        price_per_million: US dollars per million prompt and completion tokens; None for the table of known prices.
        budget: US dollars that one run may spend; None for no cap.
        criteria: further criteria for these questions besides the rubric; None for none.
        audit_share: fraction of the calls that the audit repeats with the answers in reverse order.
        context_tokens: most tokens of one call, prompt and reply together; None for no limit.
        json_schema: request a JSON schema for the reply; a server that rejects it gets requests without one.

    Attributes:
        limits: of the calls.
    """

    operational: ClassVar[frozenset[str]] = frozenset(
        {
            "api_key_env",
            "timeout_seconds",
            "max_retries",
            "concurrency",
            "requests_per_minute",
            "tokens_per_minute",
            "price_per_million",
            "budget",
            "audit_share",
        }
    )
    exact = False

    def __init__(
        self,
        *,
        model: str,
        base_url: str | None,
        api_key_env: str | None,
        temperature: NonNegativeFloat | None = 0.0,
        max_reply_tokens: int = 1024,
        timeout_seconds: TimeoutSeconds = 120.0,
        max_retries: int = 6,
        concurrency: int = 8,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        price_per_million: Sequence[float] | None = None,
        budget: float | None = None,
        criteria: str | None = None,
        audit_share: float = 0.02,
        context_tokens: int | None = None,
        json_schema: bool = True,
    ) -> None:
        self.model = model
        self.base_url = base_url
        self.api_key_env = api_key_env
        self.temperature = temperature
        self.max_reply_tokens = max_reply_tokens
        self.timeout_seconds = timeout_seconds
        self.concurrency = concurrency
        self.price_per_million = price_per_million
        self.criteria = criteria
        self.audit_share = audit_share
        self.context_tokens = context_tokens
        self.json_schema = json_schema
        self.limits = CallLimits(
            budget=budget,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            max_retries=max_retries,
        )
        self._server = Connection(
            model=model,
            base_url=base_url,
            api_key_env=api_key_env,
            timeout_seconds=timeout_seconds,
            json_schema=json_schema,
        )
        self._unusable = UnusableServerDetector()
        self._meter = UsageMeter(f"the judge {model}")

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model

    def identity(self) -> dict[str, object]:
        """Also a hash of the prompt's wording; the endpoint without user names, passwords and queries."""
        return {**super().identity(), "base_url": self._server.shown_url(), "prompt": template_hash()}

    def faults(self) -> list[str]:
        """A missing package or key, and settings that cannot work."""
        faults = []
        if find_spec("openai") is None:
            faults.append("this judge needs the package openai: pip install openai")
        if not self.model.strip():
            faults.append("judge.model is empty: give the name of the model on the server")
        faults += self._server.faults()
        prices = self.price_per_million
        if prices is not None and not (len(prices) == 2 and all(0 <= price <= _MOST_DOLLARS for price in prices)):
            faults.append(
                "judge.price_per_million must be two numbers from 0 to a million, for prompt and completion tokens, or null"
            )
        elif self.limits.budget is not None and self.price() is None:
            faults.append("judge.budget needs a price: set judge.price_per_million=[PROMPT, COMPLETION]")
        return [*faults, *self._number_faults()]

    def _number_faults(self) -> list[str]:
        positive = {
            "concurrency": self.concurrency,
            "max_reply_tokens": self.max_reply_tokens,
            "timeout_seconds": self.timeout_seconds,
            "requests_per_minute": self.limits.requests_per_minute,
            "tokens_per_minute": self.limits.tokens_per_minute,
            "context_tokens": self.context_tokens,
        }
        faults = [
            f"judge.{name} must be more than 0"
            for name, value in positive.items()
            if value is not None and not 0 < value <= sys.float_info.max
        ]
        if self.limits.budget is not None and not 0 <= self.limits.budget <= sys.float_info.max:
            faults.append("judge.budget must be a number of 0 or more, or null for no cap")
        if self.limits.max_retries < 0:
            faults.append("judge.max_retries must be 0 or more")
        if not 0 <= self.audit_share <= 1:
            faults.append("judge.audit_share must be from 0 to 1")
        return faults

    def availability_warning(self) -> str | None:
        """What the server says when asked for its models."""
        return self._server.availability_warning()

    def family(self) -> str | None:
        """The family of the model, by its name: "gpt" for gpt-4o."""
        return model_family(self.model)

    def price(self) -> Price:
        """US dollars per million prompt and completion tokens: as configured, else from the table of known prices."""
        if self.price_per_million is not None:
            prompt, completion = self.price_per_million
            return (float(prompt), float(completion))
        known = self.known_price()
        return known and (known.prompt, known.completion)

    def prices_as_of(self) -> str | None:
        """The month of the price table, where it is used."""
        known = self.known_price()
        return known.as_of if known is not None and self.price_per_million is None else None

    def known_price(self) -> KnownPrice | None:
        """The table's price of the model at this endpoint, whatever is configured."""
        return known_price(self.model, base_url=self._server.effective_url())

    def upper_bound(self, request: JudgeRequest) -> Usage:
        """Every token takes at least one byte of the request, and the reply has its limit; more if a reply has had more."""
        return self._meter.bound(self._most(render(request, criteria=self.criteria), request), price=self.price())

    def raised_bounds(self) -> Mapping[str, float]:
        """By how much replies have exceeded what their requests allow."""
        return self._meter.raised_bounds()

    def raise_bounds(self, factors: Mapping[str, float]) -> None:
        """See ``Judge``."""
        self._meter.raise_bounds(factors)

    def has_worked(self) -> None:
        """See ``Judge``."""
        self._unusable.add_completion()

    def judge(self, request: JudgeRequest) -> Verdict:
        """Make one attempt at a call.

        Raises:
            AttemptFailed: the server cannot be reached, failed, or sent something else than a completion; another attempt may
                succeed.
            ReplyUnusable: the first calls brought no chat completion at all.
            UserError: the key, the model or a setting is wrong.
        """
        prompt = render(request, criteria=self.criteria)
        body = self._server.complete(partial(self._arguments, prompt, request))
        if isinstance(body, Refusal):
            refused = Verdict(body.status, reason=body.reason, model=self.model, prompt_hash=prompt.prompt_hash)
            reply = JudgeReply(refused, is_completion=body.status != "error")
        else:
            reply = read_reply(body, prompt=prompt, mode=request.mode, model=self.model)
        # Redacted again: in the body the key may have been escaped.
        text = self._server.redacted(reply.verdict.reply)
        if reply.is_completion:
            self._unusable.add_completion()
        elif isinstance(body, Refusal):
            self._add_unusable(prompt, self._server.redacted(body.reason))
        else:
            what = f"{reply.verdict.reason}: {' '.join(text.split())[:_SHOWN] or 'it is empty'}"
            self._add_unusable(prompt, what)
            raise AttemptFailed(judge=self._server.name(), what=what)
        usage = self._usage(reply, prompt, request, refusal=body if isinstance(body, Refusal) else None)
        return replace(reply.verdict, usage=usage, reply=text, shown=tuple(prompt.labels.values()), prompt=prompt.text)

    def _add_unusable(self, prompt: RenderedPrompt, example: str) -> None:
        self._unusable.add_failure(prompt.prompt_hash, url=self._server.shown_url(), example=example)

    def _usage(
        self, reply: JudgeReply, prompt: RenderedPrompt, request: JudgeRequest, *, refusal: Refusal | None
    ) -> Usage:
        """What a call cost."""
        most = self._most(prompt, request)
        if refusal is not None:  # without a reply; but some vendors charge for a prompt that their filter rejects
            bound = self._meter.bound(most, price=self.price())
            if refusal.worked:
                return bound
            return Usage(prompt_tokens=bound.prompt_tokens).at_price(self.price())
        return self._meter.settle(
            reply.reported_usage, sent=prompt.text, received=reply.received, most=most, price=self.price()
        )

    def _most(self, prompt: RenderedPrompt, request: JudgeRequest) -> Usage:
        """The most tokens of an attempt, if the server keeps to the request."""
        size = len(json.dumps(self._arguments(prompt, request, RequestFormat())))
        return Usage(prompt_tokens=size + _CHAT_TOKENS, completion_tokens=self.max_reply_tokens)

    def _arguments(
        self, prompt: RenderedPrompt, request: JudgeRequest, request_format: RequestFormat
    ) -> dict[str, object]:
        return request_body(
            prompt,
            request_format,
            mode=request.mode,
            model=self.model,
            temperature=self.temperature,
            max_reply_tokens=self.max_reply_tokens,
        )
