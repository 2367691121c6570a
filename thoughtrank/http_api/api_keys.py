"""API keys: read from the environment when they are needed, and removed from every text that is kept.

Error texts may contain the key, because some servers repeat the request.
"""

import os

_SHORTEST_SECRET = 6
"""Characters; placeholders such as "none" and "x" are no secrets, and replacing them would garble every message."""


def api_key(variable: str | None) -> str | None:
    """The key in an environment variable as it is now; None without a variable, or where it is unset or blank."""
    return (os.environ.get(variable, "").strip() or None) if variable else None


def redacted(text: str, key: str | None) -> str:
    """The text without the API key."""
    return text.replace(key, "[redacted]") if key and len(key) >= _SHORTEST_SECRET else text
