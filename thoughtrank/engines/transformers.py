"""The embedded engine: a transformers causal LM, decoded in this process (the config choice ``engine=transformers``)."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from thoughtrank.engines.bounds import bound_faults
from thoughtrank.engines.engine_component import EngineComponent
from thoughtrank.engines.generation_memory import generation_memory
from thoughtrank.engines.protocol import Device, GenerationMemory
from thoughtrank.models.hardware import multiplies_bf16

if TYPE_CHECKING:
    from thoughtrank.engines.decoding.session import TransformersSession


class TransformersEngine(EngineComponent):
    """The branching decoder: the keys and values of a prompt are shared by all of its branches.

    Args:
        dtype: of weights and arithmetic while generating; ``auto`` is float32 on processors without bfloat16 instructions
            (AVX512-BF16 or AMX), where it is faster, and otherwise bfloat16.
        device: ``auto`` is CUDA if there is a GPU, else Apple's MPS, else the CPU.
        questions_per_group: questions decoded together with all their branches; also the unit of saving and of replay.
        replies_per_group: the same for evaluation, where a question has a few branches, one per arm.
        probe_candidates: candidates of a stage that are generated again in another batch, to measure how many change.
        token_budget: most tokens in the KV cache at once; other branches wait until branches of their group finish. It decides
            which branches share a batch, so it is part of the identity.
    """

    version = 3
    operational = frozenset({"probe_candidates"})
    chooses_first_token = True
    scores = True

    def __init__(
        self,
        *,
        dtype: Literal["auto", "float32", "bfloat16"] = "auto",
        device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
        questions_per_group: int = 8,
        replies_per_group: int = 512,
        probe_candidates: int = 8,
        token_budget: int = 65536,
    ) -> None:
        self.dtype = dtype
        self.device = device
        self.questions_per_group = questions_per_group
        self.replies_per_group = replies_per_group
        self.probe_candidates = probe_candidates
        self.token_budget = token_budget

    def faults(self) -> list[str]:
        """See ``Engine``."""
        faults = bound_faults(
            at_least_one={
                "questions_per_group": self.questions_per_group,
                "replies_per_group": self.replies_per_group,
                "token_budget": self.token_budget,
            },
            at_least_zero={"probe_candidates": self.probe_candidates},
        )
        if self.device in ("cuda", "mps"):
            import torch

            found = torch.cuda.is_available() if self.device == "cuda" else torch.backends.mps.is_available()
            if not found:
                faults.append(f"engine.device={self.device}, but this machine has none: use engine.device=auto")
        return faults

    def resolved(self) -> dict[str, str]:
        """See ``Component``."""
        device = self._device()
        return {"device": device, "dtype": self._dtype(device)}

    def device_estimate(self) -> Device:
        """See ``Engine``."""
        return super().device_estimate() if self.device == "auto" else self.device

    def memory_estimate(
        self, *, parameters: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
    ) -> GenerationMemory:
        """See ``Engine``. ``dtype=auto`` counts as bfloat16: what it resolves to is known only after importing torch."""
        return generation_memory(
            bytes_per_weight=4 if self.dtype == "float32" else 2,
            parameters=parameters,
            kv_cache_bytes_per_token=kv_cache_bytes_per_token,
            branches=branches,
            tokens=tokens,
        )

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> "TransformersSession":
        """See ``Engine``. Nothing is kept in ``work_folder``."""
        from thoughtrank.engines.decoding.session import TransformersSession

        device = self._device()
        return TransformersSession(
            model_folder=model_folder, device=device, dtype=self._dtype(device), token_budget=self.token_budget
        )

    def _device(self) -> Device:
        import torch

        if self.device != "auto":
            return self.device
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"

    def _dtype(self, device: Device) -> Literal["float32", "bfloat16"]:
        if self.dtype != "auto":
            return self.dtype
        return "bfloat16" if device != "cpu" or multiplies_bf16() else "float32"
