"""Keys for APIs: read from the environment when they are needed, and removed from every text that is kept.

Error texts may contain the key, because some servers repeat the request.
"""

import os

from thoughtrank.output.redaction import REDACTED, is_variable_name, use_key_variable

_SHORTEST_KEY = 6
"""Characters; placeholders such as "none" and "x" are no keys, and replacing them would garble every message."""


def api_key(variable: str | None) -> str | None:
    """The key in an environment variable as it is now; None without a variable, or where it is unset or blank."""
    if not variable:
        return None
    use_key_variable(variable)
    return os.environ.get(variable, "").strip() or None


def key_name_faults(variable: str | None, *, setting: str) -> list[str]:
    """A fault if the name of the key's variable is no such name; it is not shown, because it may be a pasted key.

    Args:
        variable: as configured; None for a server without keys.
        setting: the config key.
    """
    if variable is None or is_variable_name(variable):
        return []
    return [
        f"{setting} is not shown here, because it may be a key: set it to the name of the environment variable that holds the "
        "key, such as OPENAI_API_KEY, or to null for a server without keys"
    ]


def without_key(text: str, key: str | None) -> str:
    """The text without the API key."""
    return text.replace(key, REDACTED) if key and len(key) >= _SHORTEST_KEY else text
