"""Whether the Hugging Face hub can be reached; where it cannot, its clients use their cache at once and do not retry."""

import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thoughtrank.http_api.urls import shown_url

_SECONDS = 3.0
_SECONDS_WITHOUT_ATTEMPT = 30.0
"""After a failed attempt: a plan asks for the same files several times, and each attempt may wait for its time limit."""
_failed_at: dict[str, float] = {}


@contextmanager
def hub_or_cache() -> Iterator[str | None]:
    """Inside, the clients of the hub work offline if it cannot be reached.

    Yields:
        Why nothing can be downloaded, as part of a sentence; None if the hub can be reached.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        yield "HF_HUB_OFFLINE is set, and it is not in the local cache"
        return
    if _is_reachable():
        yield None
        return
    with _offline():
        yield f"the hub {shown_url(constants.ENDPOINT)} cannot be reached, and it is not in the local cache"


def has_cached_datasets() -> bool:
    """Whether the local caches of the hub have any dataset, in either of their formats."""
    from huggingface_hub import constants

    prepared = Path(os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME, "datasets"))
    return any(prepared.glob("*")) or any(Path(constants.HF_HUB_CACHE).glob("datasets--*"))


def _is_reachable() -> bool:
    """Whether the hub answers at all, through a proxy where one is set; one that has just failed to is not asked again."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    if time.monotonic() - _failed_at.get(constants.ENDPOINT, -math.inf) < _SECONDS_WITHOUT_ATTEMPT:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=_SECONDS)
    except Exception:  # of whichever client the installed version has
        _failed_at[constants.ENDPOINT] = time.monotonic()
        return False
    return True


@contextmanager
def _offline() -> Iterator[None]:
    from huggingface_hub import constants

    # ``datasets`` copies the switch when it is imported.
    switches = [constants, *([sys.modules["datasets.config"]] if "datasets.config" in sys.modules else [])]
    before = [vars(module)["HF_HUB_OFFLINE"] for module in switches]
    try:
        for module in switches:
            vars(module)["HF_HUB_OFFLINE"] = True
        yield
    finally:
        for module, value in zip(switches, before, strict=True):
            vars(module)["HF_HUB_OFFLINE"] = value
