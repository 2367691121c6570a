"""URLs as they may be shown in messages and stored in fingerprints."""

from urllib.parse import urlsplit, urlunsplit


def shown_url(url: str) -> str:
    """Scheme, host, port and path of a URL; user names, passwords and queries may be secrets."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_http_url(url: str) -> bool:
    """Whether the URL has the scheme that an HTTP client needs."""
    return url.startswith(("http://", "https://"))
