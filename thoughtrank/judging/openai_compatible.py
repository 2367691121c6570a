"""A judge behind an OpenAI-compatible chat completions endpoint: OpenAI itself, vLLM, llama.cpp and many others."""

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec

from thoughtrank.errors import UserError
from thoughtrank.judging.completions import Reply, read_reply, request_body
from thoughtrank.judging.looks import JudgeRequest, Verdict
from thoughtrank.judging.openai_connection import Connection, Refusal
from thoughtrank.judging.prompt import render, template_hash

_STRANGE_AT_FIRST = 3
"""Looks. When that many bring no chat completion before any did, the settings are wrong and not the answers."""


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
        price_per_million: US dollars per million prompt and completion tokens; None where unknown.
    """

    exact = False
    needs_reference = False
    context_tokens: int | None = None

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
        price_per_million: Sequence[float] | None = None,
    ) -> None:
        self.model = model
        self.temperature = temperature
        self.max_reply_tokens = max_reply_tokens
        self.concurrency = concurrency
        self._price = None if price_per_million is None else tuple(float(price) for price in price_per_million)
        self._server = Connection(
            model=model,
            base_url=base_url,
            api_key_env=api_key_env,
            timeout_seconds=timeout_seconds,
            max_retries=max_retries,
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
        if min(self.concurrency, self.max_reply_tokens, self._server.timeout_seconds) <= 0:
            faults.append("judge.concurrency, judge.max_reply_tokens and judge.timeout_seconds must be more than 0")
        if self._server.max_retries < 0:
            faults.append("judge.max_retries must be 0 or more")
        return faults

    def family(self) -> str | None:
        """The letters with which the model's name begins, after any organisation: "gpt" for gpt-4o."""
        letters = re.match(r"[a-z]+", self.model.rpartition("/")[2].lower())
        return letters.group() if letters else None

    def price(self) -> tuple[float, float] | None:
        """US dollars per million prompt and completion tokens, as configured."""
        return None if self._price is None else (self._price[0], self._price[1])

    def judge(self, request: JudgeRequest) -> Verdict:
        """Have one look taken.

        Raises:
            JudgeUnavailable: the server cannot be reached or keeps failing, after all retries.
            UserError: the key, the model or a setting is wrong.
        """
        prompt = render(request)
        body = self._server.complete(
            partial(
                request_body,
                prompt,
                model=self.model,
                temperature=self.temperature,
                max_reply_tokens=self.max_reply_tokens,
            )
        )
        if isinstance(body, Refusal):
            refused = Verdict(body.status, reason=body.reason, model=self.model, prompt_hash=prompt.prompt_hash)
            reply = Reply(refused, is_completion=body.status != "error")
        else:
            reply = read_reply(body, prompt=prompt, model=self.model, price=self.price())
        self._watch(reply)
        # Once more: in the body the key may have been written with escapes.
        return replace(reply.verdict, reply=self._server.redacted(reply.verdict.reply))

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
