"""Text completions from one or several OpenAI-compatible servers: spread over them, retried, and checked.

What a server does wrong for a moment (429, 5xx, a timeout, a cut connection, a body that makes no sense) is asked again, of
another server where there is one. What it will always refuse (the key, the model, the request) is told at once.
"""

import json
import os
import random
import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from thoughtrank.errors import UserError
from thoughtrank.records import Finish

if TYPE_CHECKING:
    import openai

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
"""Seconds between attempts where the server does not say how long to wait."""
_LONGEST_RETRY_AFTER = 600.0
"""Seconds; a server that wants more time than that is taken for unavailable."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a server wrote.

    Attributes:
        text: without the stop string.
        finish: ``stop`` where the model or a stop string ended it, ``length`` where the limit did.
        token_ids: of the text, from servers that tell them.
        reported_tokens: how many tokens the server says it wrote; None where it says nothing sensible.
    """

    text: str
    finish: Finish
    token_ids: tuple[int, ...] | None = None
    reported_tokens: int | None = None


class RefusedError(UserError):
    """The server will not take this request, now or later."""


class InterruptedRequestError(Exception):
    """The session is being closed: no further attempt."""


class _PassingError(Exception):
    def __init__(self, what: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


@dataclass
class _Server:
    url: str
    client: "openai.OpenAI"
    busy: int = 0
    asked: int = 0
    resting_until: float = field(default=0.0)


class CompletionsClient:
    """Asks the least busy server, and another one after a failure. May be used from many threads.

    Args:
        model: its name on the servers.
        base_urls: one or several; they serve the same model.
        api_key_env: the environment variable with the key; None for servers without keys.
        timeout_seconds: limit of one attempt.
        max_retries: attempts after the first, over all servers.

    Attributes:
        retries: attempts that failed and were made again.
    """

    def __init__(
        self,
        *,
        model: str,
        base_urls: list[str],
        api_key_env: str | None,
        timeout_seconds: float,
        max_retries: int,
    ) -> None:
        import openai

        self.model = model
        self.max_retries = max_retries
        self.retries = 0
        self._api_key_env = api_key_env
        self._key = os.environ.get(api_key_env, "").strip() if api_key_env else ""
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._servers = [
            _Server(
                url=shown_url(url),
                client=openai.OpenAI(api_key=self._key or "none", base_url=url, timeout=timeout_seconds, max_retries=0),
            )
            for url in base_urls
        ]

    def stop(self) -> None:
        """Let no further attempt begin; requests in flight end by themselves."""
        self._stop.set()

    def complete(self, body: dict[str, Any]) -> Completion:
        """One completion, from whichever server gives it first.

        Args:
            body: the request without ``model``; fields the ``openai`` client does not know are sent as they are.

        Raises:
            UserError: key, model or address is wrong, or no server can be reached after all retries.
            RefusedError: the servers are fine and refuse this request.
            InterruptedRequestError: ``stop`` was called.
        """
        failures = 0
        while True:
            server = self._take()
            try:
                return self._ask(server, body)
            except _PassingError as error:
                failures += 1
                wait = error.wait_seconds
                if failures > self.max_retries or (wait or 0.0) > _LONGEST_RETRY_AFTER:
                    raise UserError(
                        f"the completions server at {server.url} is not available: {error}. "
                        "Every reply so far is kept; the same command goes on from there."
                    ) from None
                if wait is None:
                    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (failures - 1)) * random.uniform(0.75, 1.0)
                with self._lock:
                    self.retries += 1
                    server.resting_until = max(server.resting_until, time.monotonic() + wait)
            finally:
                with self._lock:
                    server.busy -= 1

    def model_names(self) -> dict[str, list[dict[str, Any]]]:
        """URL to the entries of the server's model list; a server without such a list is left out.

        Raises:
            UserError: a server cannot be reached, or the key is wrong.
        """
        import openai

        found = {}
        for server in self._servers:
            try:
                raw = server.client.with_options(max_retries=min(2, self.max_retries)).models.with_raw_response.list()
                entries = json.loads(raw.http_response.content)["data"]
                found[server.url] = [entry for entry in entries if isinstance(entry.get("id"), str)]
            except openai.APIConnectionError as error:
                raise UserError(
                    f"no completions server answers at {server.url} ({self._redacted(str(error.__cause__ or error))}): "
                    "start it, or check engine.base_urls"
                ) from None
            except openai.APIStatusError as error:
                if error.status_code in (401, 403):
                    raise self._key_fault(server, error.status_code) from None
            except (ValueError, KeyError, TypeError, AttributeError):
                pass
        return found

    def _take(self) -> _Server:
        """The least busy server that is not resting; waits where all are."""
        while True:
            if self._stop.is_set():
                raise InterruptedRequestError
            with self._lock:
                now = time.monotonic()
                awake = [server for server in self._servers if server.resting_until <= now]
                if awake:
                    server = min(awake, key=lambda each: (each.busy, each.asked))
                    server.busy += 1
                    server.asked += 1
                    return server
                wait = min(server.resting_until for server in self._servers) - now
            self._stop.wait(wait)

    def _ask(self, server: _Server, body: dict[str, Any]) -> Completion:
        import openai

        known = {name: value for name, value in body.items() if name in _KNOWN_FIELDS}
        extra = {name: value for name, value in body.items() if name not in _KNOWN_FIELDS}
        try:
            raw = server.client.completions.with_raw_response.create(
                model=self.model, stream=False, extra_body=extra, **known
            )
            return read_completion(raw.http_response.content)
        except openai.APIConnectionError as error:  # timeouts too
            raise _PassingError(self._redacted(f"{error} {error.__cause__ or ''}".strip())) from None
        except openai.APIStatusError as error:
            raise self._meaning(error, server) from None
        except ValueError as error:
            raise _PassingError(f"its reply makes no sense: {self._redacted(str(error))}") from None

    def _meaning(self, error: "openai.APIStatusError", server: _Server) -> Exception:
        status = error.status_code
        message = self._redacted(" ".join(f"HTTP {status}: {error.message}".split()))
        if status in (401, 403):
            return self._key_fault(server, status)
        if status == 404:
            return UserError(
                f"the completions server at {server.url} knows no model {self.model!r}, or that is not its address: {message}. "
                "Check engine.model and engine.base_urls (most servers' end in /v1)."
            )
        if status in (408, 409, 429) or status >= 500:
            return _PassingError(message, wait_seconds=_retry_after(error.response.headers.get("retry-after")))
        return RefusedError(f"the completions server at {server.url} refuses a request: {message}")

    def _key_fault(self, server: _Server, status: int) -> UserError:
        if self._api_key_env is None:
            return UserError(
                f"the completions server at {server.url} wants a key (HTTP {status}): name its variable in engine.api_key_env"
            )
        return UserError(
            f"the completions server at {server.url} does not accept the key in {self._api_key_env} (HTTP {status}): "
            "export another"
        )

    def _redacted(self, text: str) -> str:
        return (text.replace(self._key, "[redacted]") if len(self._key) >= 6 else text)[:300]


_KNOWN_FIELDS = ("prompt", "max_tokens", "temperature", "stop", "seed", "logit_bias")


def read_completion(content: bytes) -> Completion:
    """The one choice of a reply.

    Raises:
        ValueError: it holds none that can be used: no JSON, no text, or an end that is neither ``stop`` nor ``length``.
    """
    body = json.loads(content)
    try:
        [choice] = body["choices"]
        text, finish, token_ids = choice["text"], choice["finish_reason"], choice.get("token_ids")
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"no choice in {content[:80]!r}") from None
    if not isinstance(text, str) or finish not in ("stop", "length"):
        raise ValueError(f"a text of {type(text).__name__} that ended by {finish!r}")
    if not isinstance(token_ids, list) or not all(type(token) is int and token >= 0 for token in token_ids):
        token_ids = None
    usage = body.get("usage")
    reported = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return Completion(
        # Half of a surrogate pair is no character, and no tokenizer or table takes it.
        text=text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        finish=finish,
        token_ids=None if token_ids is None else tuple(token_ids),
        reported_tokens=reported if type(reported) is int else None,
    )


def _retry_after(header: str | None) -> float | None:
    """Seconds from a ``Retry-After`` header, which holds seconds or a date (RFC 9110, 10.2.3); None without a usable one."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return seconds if 0 <= seconds < float("inf") else None


def shown_url(url: str) -> str:
    """Scheme, host, port and path of a URL; user names, passwords and queries may be secrets."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
