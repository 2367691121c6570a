"""What the HTTP status of an OpenAI-compatible server means, and the messages for what the user has to fix."""

from typing import TYPE_CHECKING

from thoughtrank.errors import UserError
from thoughtrank.http_api.api_keys import without_key
from thoughtrank.output.printable import printable

if TYPE_CHECKING:
    import openai

_LONGEST_MESSAGE = 300
"""Characters of a server's message that are shown."""


def one_line(text: str, key: str | None) -> str:
    """A server's text as one line without the key, at most 300 characters; control characters are escaped."""
    return printable(without_key(" ".join(text.split()), key)[:_LONGEST_MESSAGE])


def message_of(error: "openai.APIError", key: str | None) -> str:
    """The server's own error code and message, as ``one_line``."""
    return one_line(f"{error.code or ''} {error.message}", key)


def is_key_refused(status: int) -> bool:
    """Whether a status means that the key is missing, wrong or lacks permission."""
    return status in (401, 403)


def is_temporary(status: int) -> bool:
    """Whether the same request may succeed later: timeouts, conflicts, rate limits and errors of the server."""
    return status in (408, 409, 429) or status >= 500


def key_error(*, server: str, status: int, key_env: str | None, setting: str) -> UserError:
    """The error for a refused key.

    Args:
        server: how the message names the server.
        status: of the response.
        key_env: the environment variable the key was read from; None if none was sent.
        setting: the config key that names the variable.
    """
    if key_env is None:
        return UserError(f"{server} requires a key (HTTP {status}): name its variable in {setting}")
    return UserError(f"{server} does not accept the key in {key_env} (HTTP {status}): export another")


def model_error(*, server: str, model: str, message: str, model_setting: str, url_setting: str) -> UserError:
    """The error for status 404: the model or the path of the URL is unknown.

    Args:
        server: how the message names the server.
        model: the name that was requested.
        message: the server's own message.
        model_setting: the config key of the model's name.
        url_setting: the config key of the URL.
    """
    return UserError(
        f"{server} has no model {model!r}, or the URL is wrong (HTTP 404): {message}. "
        f"Check {model_setting} and {url_setting} (most servers' URLs end in /v1)."
    )
