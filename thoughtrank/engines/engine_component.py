"""What every engine starts from: the defaults of the ``Engine`` protocol."""

from pathlib import Path

from thoughtrank.engines.protocol import Device, GenerationMemory
from thoughtrank.instantiate import Component

_GROUP_SIZES = ("questions_per_group", "replies_per_group")


class EngineComponent(Component):
    """Base class of engines; see ``Engine`` for the attributes, which a subclass sets in its constructor."""

    chooses_first_token: bool = False
    scores: bool = False
    questions_per_group: int
    replies_per_group: int
    probe_candidates: int

    def identity(self) -> dict[str, object]:
        """See ``Engine``. A stage uses one group size and adds it to its own fingerprint."""
        return {name: value for name, value in super().identity().items() if name not in _GROUP_SIZES}

    def device_estimate(self) -> Device:
        """See ``Engine``. Importing torch would take seconds; an installed NVIDIA driver is enough for an estimate."""
        return "cuda" if Path("/proc/driver/nvidia").exists() else "cpu"

    def memory_estimate(
        self, *, parameters: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
    ) -> GenerationMemory | None:
        """See ``Engine``. None: the model is in the memory of other machines."""
        return None
