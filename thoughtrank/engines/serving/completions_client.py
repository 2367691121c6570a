"""Text completions from one or several OpenAI-compatible servers: distributed over them, retried, and validated.

Temporary failures (429, 5xx, timeouts, cut connections, malformed bodies) are retried, on another server if there is one.
Permanent ones (key, model, request) raise at once.
"""

import http.client
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from thoughtrank.engines.serving.completion import Completion, read_completion
from thoughtrank.engines.serving.completion_request import CompletionRequest
from thoughtrank.engines.serving.prompt_logprobs import PromptLogprobs, read_prompt_logprobs
from thoughtrank.engines.serving.server_pool import Server, ServerPool
from thoughtrank.errors import UserError
from thoughtrank.http_api.api_keys import api_key
from thoughtrank.http_api.backoff import backoff_seconds
from thoughtrank.http_api.direct_connections import DirectConnections
from thoughtrank.http_api.error_text import (
    certificate_error,
    is_key_refused,
    is_temporary,
    key_error,
    message_of_body,
    model_error,
    one_line,
)
from thoughtrank.http_api.http_reply import HTTPReply
from thoughtrank.http_api.model_list import ServedModel, read_models
from thoughtrank.http_api.retry_after import retry_after_seconds

ReplyT = TypeVar("ReplyT")

_LONGEST_WAIT = 8.0
"""Seconds between two attempts, unless the server asks for more."""
_LONGEST_RETRY_AFTER = 600.0
"""Seconds; a server that asks for a longer wait counts as unavailable."""


class RequestRefusedError(UserError):
    """The servers work, but will not take this request, now or later."""


class _TemporaryError(Exception):
    def __init__(self, what: str, *, retry_after: float | None = None) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class CompletionsClient:
    """Sends each request to the least busy server, and to another one after a failure. May be used from many threads.

    Args:
        model: its name on the servers.
        base_urls: one or several servers of the same model.
        api_key_env: the environment variable with the key; None for servers without keys.
        timeout_seconds: limit of one attempt.
        max_retries: attempts per request after the first, over all servers.
        use_proxies: see ``open_client``.

    Attributes:
        retries: failed attempts that were repeated.
    """

    def __init__(
        self,
        *,
        model: str,
        base_urls: Sequence[str],
        api_key_env: str | None,
        timeout_seconds: float,
        max_retries: int,
        use_proxies: bool = True,
    ) -> None:
        self.model = model
        self.max_retries = max_retries
        self.retries = 0
        self._defaults = {"model": model, "stream": False}
        self._api_key_env = api_key_env
        self._key = api_key(api_key_env)
        self._lock = threading.Lock()
        self._pool = ServerPool(
            base_urls=base_urls, key=self._key, timeout_seconds=timeout_seconds, use_proxies=use_proxies
        )

    def stop(self) -> None:
        """Make no further attempt; requests in flight end by themselves."""
        self._pool.stop()

    def close(self) -> None:
        """Stop, and close idle connections."""
        self._pool.stop()
        self._pool.close()

    def complete(self, request: CompletionRequest) -> Completion:
        """One completion, from any of the servers.

        Raises:
            UserError: key, model or URL is wrong, or no server is available after all retries.
            RequestRefusedError: the servers refuse this request.
            InterruptedRequestError: ``stop`` was called.
        """
        return self._request(request, read_completion)

    def prompt_logprobs(self, body: Mapping[str, object]) -> PromptLogprobs:
        """The log-probabilities of a prompt's tokens; see ``complete``.

        Args:
            body: the request without ``model``.

        Raises:
            UserError: also where the servers return none.
        """
        return self._request(CompletionRequest(body), read_prompt_logprobs)

    def _request(self, request: CompletionRequest, read: Callable[[bytes], ReplyT]) -> ReplyT:
        """What ``read`` makes of the body of a response, after as many attempts as it takes."""
        failures = 0
        while True:
            with self._pool.server() as server:
                try:
                    return self._attempt(server, request, read)
                except _TemporaryError as error:
                    failures += 1
                    if failures > self.max_retries or (error.retry_after or 0.0) > _LONGEST_RETRY_AFTER:
                        raise UserError(
                            f"the {server.name} is not available: {error}. Completed requests are "
                            "saved; run the same command again to resume."
                        ) from None
                    wait = backoff_seconds(failures, longest=_LONGEST_WAIT, retry_after=error.retry_after)
                    self._pool.pause(server, seconds=wait)
                    with self._lock:
                        self.retries += 1

    def models(self) -> dict[str, list[ServedModel]]:
        """URL to the server's model list; servers without such a list are left out.

        Raises:
            UserError: a server cannot be reached, or the key is wrong.
        """
        import openai

        found = {}
        for server in self._pool.servers:
            try:
                client = server.client.with_options(max_retries=min(2, self.max_retries))
                found[server.url] = read_models(client.models.with_raw_response.list().http_response.content)
            except openai.APIConnectionError as error:
                if certificate := certificate_error(error.__cause__, server=f"the {server.name}"):
                    raise certificate from None
                raise UserError(
                    f"no {server.name} ({one_line(str(error.__cause__ or error), self._key)}): "
                    "start it, or check engine.base_urls"
                ) from None
            except openai.APIStatusError as error:
                if is_key_refused(error.status_code):
                    raise self._key_error(server, error.status_code) from None
            except ValueError:
                pass
        return found

    def _attempt(self, server: Server, request: CompletionRequest, read: Callable[[bytes], ReplyT]) -> ReplyT:
        reply = self._reply(server, request)
        if not 200 <= reply.status < 300:
            raise self._status_error(reply, server)
        try:
            return read(reply.content)
        except ValueError as error:
            raise _TemporaryError(f"malformed completion: {one_line(str(error), self._key)}") from None

    def _reply(self, server: Server, request: CompletionRequest) -> HTTPReply:
        if server.direct is not None:
            reply = self._sent(server.direct, request)
            if not 300 <= reply.status < 400:
                return reply
            server.direct = None  # The client follows redirects.
        return self._sent_by_client(server, request)

    def _sent(self, connections: DirectConnections, request: CompletionRequest) -> HTTPReply:
        try:
            return connections.post(request.json_with(self._defaults))
        except (OSError, http.client.HTTPException) as error:
            raise _TemporaryError(one_line(f"Connection error. {error or type(error).__name__}", self._key)) from None

    def _sent_by_client(self, server: Server, request: CompletionRequest) -> HTTPReply:
        """Through a proxy, or encrypted. Without the client's check of types, which takes milliseconds for token ids."""
        import openai

        body = {**self._defaults, **request.body}
        try:
            return HTTPReply(200, {}, server.client.post("/completions", cast_to=bytes, body=body))
        except openai.APIConnectionError as error:  # timeouts too
            if certificate := certificate_error(error.__cause__, server=f"the {server.name}"):
                raise certificate from None
            raise _TemporaryError(one_line(f"{error} {error.__cause__ or ''}", self._key)) from None
        except openai.APIStatusError as error:
            return HTTPReply(error.status_code, error.response.headers, error.response.content)

    def _status_error(self, reply: HTTPReply, server: Server) -> Exception:
        status = reply.status
        message = message_of_body(reply.content, status=status, key=self._key)
        name = f"the {server.name}"
        if is_key_refused(status):
            return self._key_error(server, status)
        if status == 404:
            return model_error(
                server=name,
                model=self.model,
                message=message,
                model_setting="engine.model",
                url_setting="engine.base_urls",
            )
        if is_temporary(status):
            return _TemporaryError(f"HTTP {status}: {message}", retry_after=retry_after_seconds(reply.headers))
        return RequestRefusedError(f"{name} refuses a request: HTTP {status}: {message}")

    def _key_error(self, server: Server, status: int) -> UserError:
        return key_error(
            server=f"the {server.name}",
            status=status,
            key_env=self._api_key_env,
            setting="engine.api_key_env",
        )
