"""URLs of servers: their check, and how they may be shown in messages and stored in fingerprints."""

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_ALLOWED_PARAMETER = "api-version"
"""The query parameter that cannot be a secret; Azure requires it."""
_VERSION = re.compile(r"[\w.-]{0,40}")


def shown_url(url: str) -> str:
    """Scheme, host, port and path of a URL; user names, passwords and queries may be secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid URL"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def host_of(url: str) -> str | None:
    """The host of a URL, in lower case; None for what is no URL."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def url_faults(url: str, *, setting: str, key_setting: str) -> list[str]:
    """What is wrong with the URL of a server. No fault shows the URL, which may contain a secret.

    Args:
        url: as configured.
        setting: the config key or environment variable it comes from.
        key_setting: the config key that names the environment variable with the API key.
    """
    try:
        parts = urlsplit(url)
        is_server = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        is_server = is_server and (parts.port is None or parts.port > 0) and not any(map(str.isspace, url))
        # Some clients decode it, so that it may hide a user name; in an IPv6 address it is the interface.
        is_server = is_server and ("%" not in parts.netloc or "[" in parts.netloc)
    except ValueError:
        is_server = False
    if not is_server:
        return [f"{setting} is no URL of a server: it must look like http://localhost:8000/v1 or https://HOST/v1"]
    if parts.path.rstrip("/").endswith("/completions"):
        return [
            f"{setting} is the URL of a single call: leave out /chat/completions or /completions at the end of its path"
        ]
    return secret_url_faults(url, setting=setting, key_setting=key_setting)


def secret_url_faults(url: str, *, setting: str, key_setting: str) -> list[str]:
    """The faults among ``url_faults`` that are about secrets; none for what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    remedy = f"it would be stored with the run; name the environment variable with the key in {key_setting} instead"
    faults = []
    if "@" in parts.netloc:
        faults.append(f"{setting} must not contain a user name or password: {remedy}")
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    allowed = all(name.lower() == _ALLOWED_PARAMETER and _VERSION.fullmatch(value) for name, value in parameters)
    if not allowed or parts.fragment:
        faults.append(f"{setting} must not contain a query other than api-version, nor a fragment: {remedy}")
    return faults
