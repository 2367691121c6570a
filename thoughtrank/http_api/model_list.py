"""Reads the list of models of an OpenAI-compatible server (``GET /models``)."""

import json
from typing import NamedTuple


class ServedModel(NamedTuple):
    """An entry of a server's model list.

    Attributes:
        name: what requests call it.
        root: where the server loaded it from, if it states that.
    """

    name: str
    root: str | None


def read_models(content: bytes) -> list[ServedModel]:
    """The entries of a model list that have a name.

    Raises:
        ValueError: the body is no model list.
    """
    try:
        entries = [(entry.get("id"), entry.get("root")) for entry in json.loads(content)["data"]]
    except (KeyError, TypeError, AttributeError):
        raise ValueError("no model list") from None
    return [
        ServedModel(name, root if isinstance(root, str) else None) for name, root in entries if isinstance(name, str)
    ]
