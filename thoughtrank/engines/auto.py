"""vLLM on CUDA where its environment exists, else the embedded engine (the config choice ``engine=auto``)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from thoughtrank.engines.engine_component import EngineComponent
from thoughtrank.engines.generation_memory import GenerationMemory
from thoughtrank.engines.protocol import DeviceCounts, Engine, EngineSession
from thoughtrank.engines.serving.cuda_devices import num_cuda_devices
from thoughtrank.engines.serving.vllm_server import INSTALL, python_faults
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.engines.vllm import VLLMEngine
from thoughtrank.models.hardware import Accelerator, DeviceKind

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class AutoEngine(EngineComponent):
    """One of two engines with its own defaults, chosen by what this machine has. It writes what the chosen one writes.

    Args:
        choice: ``auto`` is vLLM if the driver lists a CUDA device, ``device`` may be one, and ``python`` has vLLM; else the
            embedded engine. A run keeps what it was where it started.
        dtype: of weights and arithmetic; ``auto`` is the default of the chosen engine.
        device: of the embedded engine.
        linear_kernel: of the embedded engine.
        python: of an environment with vLLM in it.
        questions_per_group: questions generated together; ``auto`` is the default of the chosen engine.
        replies_per_group: the same for evaluation, in replies.
        probe_candidates: candidates of a stage that are generated again in another batch, to measure how many change.
        token_budget: of the embedded engine.
        devices: of the embedded engine, groups that are decoded at once; ``auto`` is its default.
        concurrency: of vLLM, branches in flight per copy of the model; ``auto`` is its default.
        context_tokens: of vLLM, the longest sequence; null is what the run needs.

    Attributes:
        engine: the chosen one.
    """

    operational = frozenset({"python", "probe_candidates", "devices", "concurrency", "context_tokens"})

    def __init__(
        self,
        *,
        choice: Literal["auto", "vllm", "transformers"] = "auto",
        dtype: Literal["auto", "float32", "bfloat16"] = "auto",
        device: Accelerator = "auto",
        linear_kernel: Literal["auto", "packed", "plain"] = "auto",
        python: str = ".venv-vllm/bin/python",
        questions_per_group: int | Literal["auto"] = "auto",
        replies_per_group: int | Literal["auto"] = "auto",
        probe_candidates: int = 8,
        token_budget: int | str = "auto",
        devices: int | str = "auto",
        concurrency: int | Literal["auto"] = "auto",
        context_tokens: int | None = None,
    ) -> None:
        self.choice = choice
        self.dtype = dtype
        self.device = device
        self.linear_kernel = linear_kernel
        self.python = python
        self.probe_candidates = probe_candidates
        self.token_budget = token_budget
        self.devices = devices
        self.concurrency = concurrency
        self.context_tokens = context_tokens
        self._has_cuda = choice == "auto" and device in ("auto", "cuda") and num_cuda_devices() > 0
        with_vllm = choice == "vllm" or (self._has_cuda and not python_faults(python))
        self.chosen: Literal["vllm", "transformers"] = "vllm" if with_vllm else "transformers"
        sizes = _given(questions_per_group=questions_per_group, replies_per_group=replies_per_group)
        self.engine: Engine = (
            VLLMEngine(
                python=python,
                dtype="bfloat16" if dtype == "auto" else dtype,
                probe_candidates=probe_candidates,
                context_tokens=context_tokens,
                **sizes,
                **_given(concurrency=concurrency),
            )
            if with_vllm
            else TransformersEngine(
                dtype=dtype,
                device=device,
                linear_kernel=linear_kernel,
                probe_candidates=probe_candidates,
                token_budget=token_budget,
                devices=devices,
                **sizes,
            )
        )
        self.scores = self.engine.scores
        self.chooses_first_token = self.engine.chooses_first_token
        self.overlaps_groups = self.engine.overlaps_groups

    @property
    def questions_per_group(self) -> int:  # type: ignore[override]  # the engine may have to import torch for it
        """See ``Engine``."""
        return self.engine.questions_per_group

    @property
    def replies_per_group(self) -> int:  # type: ignore[override]
        """See ``Engine``."""
        return self.engine.replies_per_group

    def faults(self) -> list[str]:
        """See ``Engine``."""
        return self.engine.faults()

    def model_faults(self, model: "PreTrainedModel") -> list[str]:
        """See ``Engine``."""
        return self.engine.model_faults(model)

    def identity(self) -> dict[str, object]:
        """That of the chosen engine, whose stages are the same, unless this class changes them."""
        own = {"auto": self.version} if self.version > 1 else {}
        return {**self.engine.identity(), **own}

    def resolved(self) -> dict[str, str | int]:
        """See ``Component``."""
        return {"choice": self.chosen, **self.engine.resolved()}

    def notes(self) -> list[str]:
        """See ``Engine``."""
        if self.chosen == "vllm":
            return [f"engine=auto is engine=vllm here, of {self.python}", *self.engine.notes()]
        missing = (
            f"; engine=vllm is faster on CUDA, but {self.python} has no vLLM ({INSTALL})" if self._has_cuda else ""
        )
        return [f"engine=auto is engine=transformers here{missing}", *self.engine.notes()]

    def device_estimate(self) -> DeviceKind | None:
        """See ``Engine``."""
        return self.engine.device_estimate()

    def questions_estimate(self) -> int:
        """See ``Engine``."""
        return self.engine.questions_estimate()

    def devices_estimate(self) -> DeviceCounts:
        """See ``Engine``."""
        return self.engine.devices_estimate()

    def memory_estimate(
        self, *, parameters: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
    ) -> GenerationMemory | None:
        """See ``Engine``."""
        return self.engine.memory_estimate(
            parameters=parameters, kv_cache_bytes_per_token=kv_cache_bytes_per_token, branches=branches, tokens=tokens
        )

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> EngineSession:
        """See ``Engine``."""
        return self.engine.open(model_folder, work_folder=work_folder)

    def expect(self, *, sequence_tokens: int) -> None:
        """See ``Engine``."""
        self.engine.expect(sequence_tokens=sequence_tokens)

    def release(self) -> None:
        """See ``Engine``."""
        self.engine.release()


def _given(**sizes: int | str) -> dict[str, Any]:
    """Those that are not left to the chosen engine."""
    return {name: size for name, size in sizes.items() if size != "auto"}
