"""Opens the ``openai`` client for a server, and checks the environment's proxies and certificates for it."""

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from thoughtrank.http_api.deadlines import deadline_hooks

if TYPE_CHECKING:
    import openai

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_NO_KEY = "none"
"""Sent to servers without keys: the client refuses to start without any."""


def open_client(
    *, base_url: str | None, key: str | None, timeout_seconds: float, use_proxies: bool = True
) -> "openai.OpenAI":
    """A client that makes no retries, so that the caller can count its attempts.

    A query in the URL (``?api-version=`` of Azure) is sent with every request, after its path. Such servers want the key in the
    header ``api-key``, which is sent besides the usual one.

    Args:
        base_url: of the server; None for ``OPENAI_BASE_URL``, or the default of the client.
        key: the API key; None for a server without keys.
        timeout_seconds: limit of one request, from connecting to the end of the response; see ``deadline_hooks``.
        use_proxies: those of the environment; False for a server that this process started.
    """
    import openai

    base_url = base_url or os.environ.get("OPENAI_BASE_URL") or None
    query: Mapping[str, object] = {}
    if base_url is not None:
        parts = urlsplit(base_url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        base_url = urlunsplit(parts._replace(query=""))
    return openai.OpenAI(
        api_key=key or _NO_KEY,
        base_url=base_url,
        timeout=timeout_seconds,
        max_retries=0,
        default_query=query,
        default_headers={"api-key": key} if key and query else None,
        http_client=openai.DefaultHttpxClient(trust_env=use_proxies, event_hooks=deadline_hooks(timeout_seconds)),
    )


def key_headers(key: str | None, *, url: str) -> dict[str, str]:
    """The headers of a request with a JSON body; see ``open_client`` for the key.

    Args:
        key: the API key; None for a server without keys.
        url: of the server, as configured.
    """
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Authorization": f"Bearer {key or _NO_KEY}",
    }
    return {**headers, "api-key": key} if key and urlsplit(url).query else headers


def environment_faults() -> list[str]:
    """What keeps any client from being opened: proxies that it does not support, and certificates that are missing.

    Only the names of variables are shown: a proxy's URL may hold a password.
    """
    proxies = _proxy_variables()
    if not proxies and not any(os.environ.get(name) for name in _CERTIFICATES):
        return []
    try:
        _open_http()
    except ImportError:
        return [
            f"{_listed(proxies)}: a SOCKS proxy needs the package socksio: pip install socksio, or unset the variable"
        ]
    except OSError:
        return ["SSL_CERT_FILE names a file that cannot be read as certificates: correct or unset it"]
    except Exception:  # of one of two HTTP libraries, which have no common class
        return [
            f"{_listed(proxies)}: a proxy must look like http://HOST:PORT or socks5://HOST:PORT: correct or unset it"
        ]
    return []


def _open_http() -> None:
    """Open what the ``openai`` client opens, without importing that package, which takes longer than a plan."""
    # Older versions of the package use httpx.
    http = import_module("httpx2" if find_spec("httpx2") else "httpx")
    http.Client().close()


def proxy_of(url: str) -> str | None:
    """The environment variable with the proxy that requests to a URL pass through; None without a proxy."""
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    variables = _proxy_variables()
    return variables.get(parts.scheme) or variables.get("all")


def _proxy_variables() -> dict[str, str]:
    """Scheme to the name of the variable with its proxy, as it is written in the environment."""
    found = {}
    for scheme in getproxies():
        names = [name for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY") if os.environ.get(name)]
        if scheme in ("http", "https", "all") and names:
            found[scheme] = names[0]
    return found


def _listed(proxies: Mapping[str, str]) -> str:
    return ", ".join(sorted(set(proxies.values()))) or "the proxy"
