"""What the HTTP status of an OpenAI-compatible server means, and the messages for what the user has to fix."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError
from thoughtrank.http_api.api_keys import without_key
from thoughtrank.http_api.error_body import error_words, parsed_body, parsed_text
from thoughtrank.output.printable import printable
from thoughtrank.output.redaction import REDACTED

if TYPE_CHECKING:
    import openai

_LONGEST_MESSAGE = 300
"""Characters of a server's message that are shown."""

_KEY_BEGINNING = 8
"""Characters of a key that are not shown either, together with what follows them."""


def one_line(text: str, key: str | None) -> str:
    """A server's text in one line, without the key or a final full stop: at most 300 characters, control characters escaped."""
    text = without_key(" ".join(text.split()), key)
    if key and len(key) >= 2 * _KEY_BEGINNING:
        # Servers repeat a refused key with stars in the middle, or cut.
        text = re.sub(re.escape(key[:_KEY_BEGINNING]) + r"[^\s'\",;)]*", REDACTED, text)
    return printable(text[:_LONGEST_MESSAGE]).removesuffix(".")


def message_of(error: "openai.APIError", key: str | None) -> str:
    """The server's own error code and words, as ``one_line``."""
    import openai

    words = error_words(parsed_body(error)) if isinstance(error, openai.APIStatusError) else ""
    code = error.code if error.code and not error.code.isdigit() and error.code not in words else ""
    return one_line(f"{code or ''} {words or error.message}", key)


def message_of_body(content: bytes, *, status: int, key: str | None) -> str:
    """The same from the body of a response."""
    body = parsed_text(content.decode(errors="replace").strip())
    error = body.get("error", body) if isinstance(body, Mapping) else None
    stated = error.get("code") if isinstance(error, Mapping) else None
    words = error_words(body)
    code = str(stated) if stated and not str(stated).isdigit() and str(stated) not in words else ""
    return one_line(f"{code} {words or f'Error code: {status}'}", key)


def certificate_error(cause: BaseException | None, *, server: str) -> UserError | None:
    """The message for a certificate that cannot be verified, which no further attempt changes; None for any other cause.

    Args:
        cause: of the failed connection.
        server: how messages name it, with its address.
    """
    text = str(cause or "")
    if "CERTIFICATE_VERIFY_FAILED" not in text:
        return None
    reason = printable(text.rpartition("certificate verify failed: ")[2].partition(" (_ssl")[0][:_LONGEST_MESSAGE])
    return UserError(
        f"{server}: its certificate is not trusted ({reason}). If the server is your own or your organisation's, set "
        "SSL_CERT_FILE to a file with the certificates of its authority (.pem)"
    )


def is_key_refused(status: int) -> bool:
    """Whether a status means that the key is missing, wrong or lacks permission."""
    return status in (401, 403)


def is_temporary(status: int) -> bool:
    """Whether the same request may succeed later: timeouts, conflicts, rate limits and errors of the server."""
    return status in (408, 409, 429) or status >= 500


def key_error(*, server: str, status: int, key_env: str | None, setting: str, message: str = "") -> UserError:
    """The error for a refused key.

    Args:
        server: how the message names the server.
        status: of the response.
        key_env: the environment variable the key was read from; None if none was sent.
        setting: the config key that names the variable.
        message: the server's own message.
    """
    stated = f". It replied: {message}" if message else ""
    if key_env is None:
        return UserError(f"{server} requires a key (HTTP {status}): name its variable in {setting}{stated}")
    return UserError(f"{server} does not accept the key in {key_env} (HTTP {status}): export another{stated}")


def model_error(
    *, server: str, model: str, message: str, model_setting: str, url_setting: str, status: int = 404
) -> UserError:
    """The error for a model, or a path of the URL, that the server does not know.

    Args:
        server: how the message names the server.
        model: the name that was requested.
        message: the server's own message.
        model_setting: the config key of the model's name.
        url_setting: the config key of the URL.
        status: of the response.
    """
    return UserError(
        f"{server} has no model {model!r}, or the URL is wrong (HTTP {status}): {message}. "
        f"Check {model_setting} and {url_setting} (most servers' URLs end in /v1)."
    )
