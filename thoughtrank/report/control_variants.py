"""The training controls of a run, one variant after the other."""

from collections.abc import Mapping
from typing import Any


def control_variants(controls: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The figures of every variant of every control by its title, such as ``answers_only/pairs``.

    Args:
        controls: the entry of ``summary.json``.
    """
    return {
        f"{name}/{variant}" if variant else name: figures
        for name, entry in controls.items()
        for variant, figures in entry.get("variants", {"": entry}).items()
    }
