"""What every engine starts from: the defaults of the ``Engine`` protocol."""

from typing import TYPE_CHECKING, Literal

from thoughtrank.engines.generation_memory import GenerationMemory, generation_memory
from thoughtrank.engines.protocol import DeviceCounts
from thoughtrank.instantiate import Component
from thoughtrank.models.hardware import DeviceKind, has_nvidia_driver

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_GROUP_SIZES = ("questions_per_group", "replies_per_group")


class EngineComponent(Component):
    """Base class of engines; see ``Engine`` for the attributes, which a subclass sets in its constructor."""

    chooses_first_token: bool = False
    scores: bool = False
    overlaps_groups: bool = False
    questions_per_group: int
    replies_per_group: int
    probe_candidates: int

    def model_faults(self, model: "PreTrainedModel") -> list[str]:
        """See ``Engine``. None: a server says itself what it cannot load."""
        return []

    def identity(self) -> dict[str, object]:
        """See ``Engine``. A stage uses one group size and adds it to its own fingerprint."""
        return {name: value for name, value in super().identity().items() if name not in _GROUP_SIZES}

    def notes(self) -> list[str]:
        """See ``Engine``. None."""
        return []

    def expect(self, *, sequence_tokens: int) -> None:
        """See ``Engine``. No memory is set aside before the sequences are known."""

    def release(self) -> None:
        """See ``Engine``. Nothing is kept."""

    def device_estimate(self) -> DeviceKind | None:
        """See ``Engine``. None: the model is in the memory of other machines."""
        return None

    def questions_estimate(self) -> int:
        """See ``Engine``."""
        return self.questions_per_group

    def devices_estimate(self) -> DeviceCounts:
        """See ``Engine``. One: what is known of a server elsewhere, or of an engine that does not say."""
        return DeviceCounts(generation=1, evaluation=1)

    def memory_estimate(
        self, *, parameters: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
    ) -> GenerationMemory | None:
        """See ``Engine``. None: the model is in the memory of other machines."""
        return None


class LocalEngineComponent(EngineComponent):
    """Base class of engines whose model is in the memory of this machine.

    Attributes:
        dtype: of weights, keys and values; ``auto`` counts as a 16-bit format, because what it resolves to is known only after
            importing torch.
    """

    dtype: Literal["auto", "bfloat16", "float16", "float32"]

    def device_estimate(self) -> DeviceKind:
        """See ``Engine``. Importing torch would take seconds; an installed NVIDIA driver is enough for an estimate."""
        return "cuda" if has_nvidia_driver() else "cpu"

    def memory_estimate(
        self, *, parameters: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
    ) -> GenerationMemory:
        """See ``Engine``; of one copy of the model, over all of its devices."""
        return generation_memory(
            bytes_per_weight=4 if self.dtype == "float32" else 2,
            parameters=parameters,
            kv_cache_bytes_per_token=kv_cache_bytes_per_token,
            branches=branches,
            tokens=tokens,
        )
