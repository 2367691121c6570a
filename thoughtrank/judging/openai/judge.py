"""A judge behind an OpenAI-compatible chat completions endpoint: OpenAI itself, vLLM, llama.cpp and many others."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.judging.model_families import model_family
from thoughtrank.judging.openai.endpoint import Connection, Refusal
from thoughtrank.judging.openai.prices import KnownPrice, known_price
from thoughtrank.judging.openai.prompt import RenderedPrompt, render, template_hash
from thoughtrank.judging.openai.requests import Dialect, Reply, read_reply, request_body
from thoughtrank.judging.protocol import CallLimits, JudgeRequest, Usage, Verdict

_STRANGE_AT_FIRST = 3
"""Looks. When that many bring no chat completion before any did, the settings are wrong and not the answers."""

_CHAT_TOKENS = 100
"""More than any chat template adds around one message."""


class OpenAICompatibleJudge:
    """One chat completion per look, with a JSON schema for the reply where the server knows one.

    Args:
        model: the model's name as the server knows it.
        base_url: the endpoint, mostly ending in ``/v1``; None for the default of the ``openai`` client.
        api_key_env: the environment variable that holds the key; None for a server without keys. The key is read when a
            look is taken and written nowhere.
        temperature: sampling temperature; None leaves it out, for models that refuse it.
        max_reply_tokens: limit of one reply, in tokens; for a reasoning model its reasoning counts too.
        timeout_seconds: limit of one attempt, in seconds.
        max_retries: attempts after the first, per look, with growing waits; ``Retry-After`` is honoured.
        concurrency: looks in flight at the same time.
        requests_per_minute: attempts per minute; None for no limit.
        tokens_per_minute: prompt and completion tokens per minute; None for no limit.
        price_per_million: US dollars per million prompt and completion tokens; None for the table of known prices.
        budget: US dollars that one run may spend; None for no cap.
        criteria: what counts for these questions besides the rubric; None for nothing.
        audit_share: share of the looks that an audit takes once more with the answers in reverse order.
        context_tokens: most tokens of one look, prompt and reply together; None where that is no limit.

    Attributes:
        limits: how it may be called.
    """

    exact = False
    needs_reference = False

    def __init__(
        self,
        *,
        model: str,
        base_url: str | None,
        api_key_env: str | None,
        temperature: float | None = 0.0,
        max_reply_tokens: int = 1024,
        timeout_seconds: float = 120.0,
        max_retries: int = 6,
        concurrency: int = 8,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        price_per_million: Sequence[float] | None = None,
        budget: float | None = None,
        criteria: str | None = None,
        audit_share: float = 0.02,
        context_tokens: int | None = None,
    ) -> None:
        self.model = model
        self.temperature = temperature
        self.max_reply_tokens = max_reply_tokens
        self.concurrency = concurrency
        self.criteria = criteria
        self.audit_share = audit_share
        self.context_tokens = context_tokens
        self.limits = CallLimits(
            budget=budget,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            max_retries=max_retries,
        )
        self._price = None if price_per_million is None else tuple(float(price) for price in price_per_million)
        self._server = Connection(
            model=model,
            base_url=base_url,
            api_key_env=api_key_env,
            timeout_seconds=timeout_seconds,
        )
        self._lock = threading.Lock()
        self._worked = False
        self._strange = 0

    def identity(self) -> dict[str, object]:
        """The model, where it runs, how it is asked and the prompt; not the key, the patience or the price."""
        return {
            "judge": "openai_compatible",
            "model": self.model,
            "base_url": self._server.shown_url(),
            "temperature": self.temperature,
            "max_reply_tokens": self.max_reply_tokens,
            "prompt": template_hash(),
            "criteria": self.criteria,
            "context_tokens": self.context_tokens,
        }

    def faults(self) -> list[str]:
        """A missing package or key, and settings that cannot work."""
        faults = []
        if find_spec("openai") is None:
            faults.append("this judge needs the package openai: pip install openai")
        try:
            self._server.key()
        except UserError as error:
            faults.extend(error.faults)
        if not (self._server.base_url or "https://").startswith(("http://", "https://")):
            faults.append("judge.base_url must start with http:// or https://")
        if "@" in (self._server.base_url or "").partition("?")[0]:
            # The config is written to the run folder and to loggers.
            faults.append(
                "judge.base_url must not hold a user name or password: name the key's variable in judge.api_key_env"
            )
        if self._price is not None and len(self._price) != 2:
            faults.append("judge.price_per_million must be two numbers, for prompt and completion tokens, or null")
        elif self.limits.budget is not None and self.price() is None:
            faults.append("judge.budget needs a price: give judge.price_per_million=[PROMPT, COMPLETION]")
        faults.extend(self._number_faults())
        return faults

    def _number_faults(self) -> list[str]:
        positive = {
            "concurrency": self.concurrency,
            "max_reply_tokens": self.max_reply_tokens,
            "timeout_seconds": self._server.timeout_seconds,
            "budget": self.limits.budget,
            "requests_per_minute": self.limits.requests_per_minute,
            "tokens_per_minute": self.limits.tokens_per_minute,
            "context_tokens": self.context_tokens,
        }
        faults = [
            f"judge.{name} must be more than 0" for name, value in positive.items() if value is not None and value <= 0
        ]
        if self.limits.max_retries < 0:
            faults.append("judge.max_retries must be 0 or more")
        if not 0 <= self.audit_share <= 1:
            faults.append("judge.audit_share must be from 0 to 1")
        return faults

    def family(self) -> str | None:
        """The family of the model, by its name: "gpt" for gpt-4o."""
        return model_family(self.model)

    def price(self) -> tuple[float, float] | None:
        """US dollars per million prompt and completion tokens: as configured, else of the table of known prices."""
        if self._price is not None:
            return (self._price[0], self._price[1])
        known = self.known_price()
        return known and (known.prompt, known.completion)

    def known_price(self) -> KnownPrice | None:
        """What the table says about the model at this address, whatever is configured."""
        return known_price(self.model, base_url=self._server.effective_url())

    def upper_bound(self, request: JudgeRequest) -> Usage:
        """Every token stands for at least one byte of what is sent, and the reply has its limit."""
        arguments = self._arguments(render(request, criteria=self.criteria), request, Dialect())
        prompt = len(json.dumps(arguments)) + _CHAT_TOKENS
        per_prompt, per_completion = self.price() or (0.0, 0.0)
        cost = (prompt * per_prompt + self.max_reply_tokens * per_completion) / 1e6
        return Usage(prompt_tokens=prompt, completion_tokens=self.max_reply_tokens, cost=cost)

    def judge(self, request: JudgeRequest) -> Verdict:
        """Make one attempt at a look.

        Raises:
            AttemptFailed: the server cannot be reached or failed; another attempt may succeed.
            UserError: the key, the model or a setting is wrong.
        """
        prompt = render(request, criteria=self.criteria)
        body = self._server.complete(partial(self._arguments, prompt, request))
        if isinstance(body, Refusal):
            refused = Verdict(body.status, reason=body.reason, model=self.model, prompt_hash=prompt.prompt_hash)
            reply = Reply(refused, is_completion=body.status != "error")
        else:
            reply = read_reply(body, prompt=prompt, mode=request.mode, model=self.model, price=self.price())
        self._watch(reply)
        return replace(
            reply.verdict,
            # Once more: in the body the key may have been written with escapes.
            reply=self._server.redacted(reply.verdict.reply),
            shown=tuple(prompt.labels.values()),
            prompt=prompt.text,
        )

    def _arguments(self, prompt: RenderedPrompt, request: JudgeRequest, dialect: Dialect) -> dict[str, Any]:
        return request_body(
            prompt,
            dialect,
            mode=request.mode,
            model=self.model,
            temperature=self.temperature,
            max_reply_tokens=self.max_reply_tokens,
        )

    def _watch(self, reply: Reply) -> None:
        """Stop a run whose settings can never work, before it has every look refused.

        Raises:
            UserError: the first looks brought no chat completion at all.
        """
        with self._lock:
            self._worked = self._worked or reply.is_completion
            self._strange += not reply.is_completion
            hopeless = not self._worked and self._strange >= _STRANGE_AT_FIRST
        if hopeless:
            example = self._server.redacted(f"{reply.verdict.reason} {reply.verdict.reply[:200]}").strip()
            raise UserError(
                f"the judge at {self._server.shown_url()} has not answered one of {self._strange} looks: {example}. "
                "Check judge.base_url, judge.model and the other settings of judge; what was judged so far is kept."
            )
