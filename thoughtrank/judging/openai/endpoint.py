"""Sends requests to one OpenAI-compatible endpoint, and remembers which request format it supports."""

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from thoughtrank.errors import UserError
from thoughtrank.http_api.api_keys import api_key, key_name_faults, without_key
from thoughtrank.http_api.clients import environment_faults, open_client, proxy_of
from thoughtrank.http_api.error_text import message_of, one_line
from thoughtrank.http_api.urls import shown_url, url_faults
from thoughtrank.judging.openai.availability import availability_warning
from thoughtrank.judging.openai.error_replies import (
    blocked_prompt,
    error_in_body,
    temporary_failure,
    unstated_error_in_body,
)
from thoughtrank.judging.openai.rejected_requests import rejects_schema, requires_max_completion_tokens, verdict_status
from thoughtrank.judging.openai.requests import RequestFormat
from thoughtrank.judging.openai.server_errors import raise_unless_rejected
from thoughtrank.judging.openai.streamed_reply import whole_body
from thoughtrank.judging.protocol import AttemptFailed, Status

if TYPE_CHECKING:
    import httpx2
    import openai


class Refusal(NamedTuple):
    """The server rejected this request; others may still succeed.

    Attributes:
        status: of the verdict.
        reason: the server's words.
        worked: the server may have worked on the request before, and charge for a reply.
    """

    status: Status
    reason: str
    worked: bool = False


class Connection:
    """Sends chat completions to one endpoint. May be used from many threads.

    Args:
        model: the model's name, for messages.
        base_url: the endpoint; None for the default of the ``openai`` client.
        api_key_env: the environment variable with the key; None for a server without keys.
        timeout_seconds: limit of one attempt, in seconds.
        json_schema: request a JSON schema for the reply until the server rejects it.
    """

    def __init__(
        self,
        *,
        model: str,
        base_url: str | None,
        api_key_env: str | None,
        timeout_seconds: float,
        json_schema: bool = True,
    ) -> None:
        self.model = model
        self.base_url = base_url
        self.api_key_env = api_key_env
        self.timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._client: tuple[str | None, openai.OpenAI] | None = None
        self._request_format = RequestFormat(json_schema=json_schema)

    def effective_url(self) -> str | None:
        """The endpoint, also from the client's own variable ``OPENAI_BASE_URL``; None for the client's default."""
        return self.base_url or os.environ.get("OPENAI_BASE_URL") or None

    def shown_url(self) -> str:
        """The endpoint without anything secret."""
        url = self.effective_url()
        return shown_url(url) if url else "the default endpoint of the openai client"

    def name(self) -> str:
        """How messages about failures name the server, with the proxy before it."""
        proxy = proxy_of(self.effective_url() or "https://api.openai.com")
        return f"the judge at {self.shown_url()}" + (f" (through the proxy in {proxy})" if proxy else "")

    def faults(self) -> list[str]:
        """What is wrong with the URL, the name of the key's variable, the key, and the environment's proxies."""
        url = self.effective_url()
        setting = "judge.base_url" if self.base_url else "OPENAI_BASE_URL"
        faults = url_faults(url, setting=setting, key_setting="judge.api_key_env") if url else []
        faults += environment_faults()
        names = key_name_faults(self.api_key_env, setting="judge.api_key_env")
        if names:
            return [*faults, *names]
        try:
            self.key()
        except UserError as error:
            faults += error.faults
        return faults

    def key(self) -> str | None:
        """The API key in the environment, or None for a server without keys.

        Raises:
            UserError: it is missing or invalid.
        """
        if self.api_key_env is None:
            return None
        key = api_key(self.api_key_env)
        if key is None:
            no_key = ", or judge.api_key_env=null for a server without keys" if self.effective_url() else ""
            raise UserError(
                f"the judge {self.model} needs {self.api_key_env}: export it, or choose judge=reference{no_key}"
            )
        if not key.isascii() or not key.isprintable():
            raise UserError(f"{self.api_key_env} contains characters that no key has: export it again")
        return key

    def redacted(self, text: str) -> str:
        """The text without the key."""
        return without_key(text, api_key(self.api_key_env))

    def availability_warning(self) -> str | None:
        """See ``availability``.

        Raises:
            UserError: the key is missing or invalid.
        """
        key = self.key()
        return availability_warning(
            self._open(key), judge=self.name(), model=self.model, key=key, key_env=self.api_key_env
        )

    def complete(self, arguments: Callable[[RequestFormat], dict[str, object]]) -> str | Refusal:
        """The body of the server's response, or why it rejected the request.

        Args:
            arguments: makes the request in a given format; called again when the server does not support that format.

        Raises:
            AttemptFailed: the server cannot be reached or failed; another attempt may succeed.
            UserError: the key, the model or a setting is wrong.
        """
        import openai

        key = self.key()
        while True:
            request_format = self._request_format
            keywords: dict[str, Any] = arguments(request_format)
            try:
                # The raw response: the client would build its own object from any JSON, well formed or not.
                raw = self._open(key).chat.completions.with_raw_response.create(**keywords)
                body = without_key(whole_body(raw.http_response.content.decode(errors="replace")), key)
                if (stated := error_in_body(raw.http_response, body)) is None:
                    return self._read_errors(raw.http_response, body, request_format)
                error: openai.APIError = stated
            except openai.APIError as raised:
                error = raised
            if isinstance(error, openai.APIStatusError) and self._adapt_format(error, request_format):
                continue
            raise_unless_rejected(
                error, judge=self.name(), key=key, key_env=self.api_key_env, model=self.model, request=keywords
            )
            # raise_unless_rejected returns only for a rejected request, which has a status.
            assert isinstance(error, openai.APIStatusError)
            return Refusal(
                verdict_status(error),
                f"HTTP {error.status_code}: {message_of(error, key)}",
                worked=error.status_code >= 500,
            )

    def _read_errors(self, response: "httpx2.Response", body: str, used: RequestFormat) -> str | Refusal:
        """The body of a response with status 200, unless it holds an error without a status or the prompt was blocked.

        Such an attempt may have been charged, so a request in another format is another attempt.

        Raises:
            AttemptFailed: another attempt may succeed.
        """
        judge, key = self.name(), api_key(self.api_key_env)
        if (failure := temporary_failure(body)) is not None:
            raise AttemptFailed(judge=judge, what=one_line(failure, key))
        if (filtered := blocked_prompt(body)) is not None:
            return Refusal("refused", one_line(f"the server's content filter blocked the prompt ({filtered})", key))
        error = unstated_error_in_body(response, body)
        if error is None:
            return body
        reason = f"the server's reply is an error: {message_of(error, key)}"
        if self._adapt_format(error, used):
            raise AttemptFailed(judge=judge, what=reason)
        raise_unless_rejected(error, judge=judge, key=key, key_env=self.api_key_env, model=self.model)
        return Refusal(verdict_status(error), reason, worked=True)

    def _adapt_format(self, error: "openai.APIStatusError", used: RequestFormat) -> bool:
        """Remember a feature that the server does not support; False if the rejected request did not use one."""
        if verdict_status(error) != "error":
            return False
        with self._lock:
            if used.json_schema and rejects_schema(error):
                self._request_format = self._request_format._replace(json_schema=False)
                return True
            if used.limit_field == "max_tokens" and requires_max_completion_tokens(error):
                self._request_format = self._request_format._replace(limit_field="max_completion_tokens")
                return True
        return False

    def _open(self, key: str | None) -> "openai.OpenAI":
        """The client, which keeps connections open between calls; another key makes another client."""
        with self._lock:
            if self._client is None or self._client[0] != key:
                client = open_client(base_url=self.base_url, key=key, timeout_seconds=self.timeout_seconds)
                self._client = (key, client)
            return self._client[1]
