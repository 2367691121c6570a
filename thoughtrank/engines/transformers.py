"""The embedded engine: a transformers causal LM, decoded in this process (the config choice ``engine=transformers``)."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from thoughtrank.engines.device_sizes import AUTO, gigabytes, group_sizes, groups_on_cpu, number_of, token_budget
from thoughtrank.engines.engine_component import LocalEngineComponent
from thoughtrank.engines.generation_memory import GenerationMemory
from thoughtrank.engines.protocol import DeviceCounts
from thoughtrank.engines.serving.cuda_devices import num_cuda_devices
from thoughtrank.engines.setting_bounds import bound_faults
from thoughtrank.models.hardware import (
    Accelerator,
    DeviceKind,
    device_kind,
    has_device,
    is_amd_processor,
    multiplies_bf16,
)
from thoughtrank.models.special_parts import (
    attention_extras,
    has_plain_attention,
    keeps_state,
    unusual_keys_and_values,
)
from thoughtrank.process.cpu_quota import computing_threads
from thoughtrank.process.memory_limit import usable_memory

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from thoughtrank.engines.decoding.devices.session_pool import SessionPool
    from thoughtrank.engines.decoding.session import TransformersSession


_KINDS = {
    "questions_per_group": "a number or auto",
    "replies_per_group": "a number or auto",
    "token_budget": "a number of tokens, memory such as 60GB, or auto",
    "devices": "a number or auto",
}
_UNKNOWN = "unknown"


def _is_wrong(name: str, size: int | str) -> bool:
    """Whether a text is neither ``auto`` nor, for the budget, an amount of memory."""
    if not isinstance(size, str) or size == AUTO:
        return False
    return name != "token_budget" or gigabytes(size) is None


class TransformersEngine(LocalEngineComponent):
    """The branching decoder: the keys and values of a prompt are shared by all of its branches.

    Args:
        dtype: of weights and arithmetic while generating; ``auto`` is float32 on processors without bfloat16 instructions
            (AVX512-BF16 or AMX), where it is faster, and otherwise bfloat16.
        linear_kernel: of linear layers: ``packed`` has the weights in oneDNN's layout, ``plain`` is torch's own. ``auto`` is
            packed in bfloat16 on processors with bfloat16 instructions and in float32 on those of AMD, faster on all measured.
        device: ``auto`` is CUDA if there is a GPU, else Apple's MPS, else the CPU.
        questions_per_group: questions decoded together with all their branches; also the unit of saving and of replay. ``auto``
            is 64 on CUDA, else 8.
        replies_per_group: the same for evaluation, where a question has a few branches, one per arm. ``auto`` is 4096 on CUDA,
            else 256.
        probe_candidates: candidates of a stage that are generated again in another batch, to measure how many change.
        token_budget: most tokens in the KV cache at once; other branches wait until branches of their group finish. It decides
            which branches share a batch, so it is part of the identity. ``60GB`` is what fits into that much memory beside the
            weights. ``auto`` is nine tenths of a CUDA device's memory, else 65536 tokens.
        devices: groups that are decoded at once: on CUDA, each in a process with a copy of the model on a device of its own;
            on the CPU, each in a thread with its part of the cores, and with the same weights. ``auto`` is all CUDA devices; on
            the CPU as many as there are cores, up to 4 whose KV caches take a quarter of the memory, or of a container's limit.
    """

    version = 5
    operational = frozenset({"probe_candidates", "devices"})
    chooses_first_token = True
    scores = True
    overlaps_groups = True
    dtype: Literal["auto", "float32", "bfloat16"]

    def __init__(
        self,
        *,
        dtype: Literal["auto", "float32", "bfloat16"] = "auto",
        linear_kernel: Literal["auto", "packed", "plain"] = "auto",
        device: Accelerator = "auto",
        questions_per_group: int | str = AUTO,
        replies_per_group: int | str = AUTO,
        probe_candidates: int = 8,
        token_budget: int | str = AUTO,
        devices: int | str = AUTO,
    ) -> None:
        self.dtype = dtype
        self.linear_kernel = linear_kernel
        self.device = device
        self._questions_per_group = number_of(questions_per_group)
        self._replies_per_group = number_of(replies_per_group)
        self.probe_candidates = probe_candidates
        self._token_budget = number_of(token_budget)
        self.devices = number_of(devices)

    @property
    def questions_per_group(self) -> int:  # type: ignore[override]  # known only after importing torch
        """See ``Engine``."""
        given = self._questions_per_group
        return group_sizes(self._device()).questions if isinstance(given, str) else given

    @property
    def replies_per_group(self) -> int:  # type: ignore[override]  # known only after importing torch
        """See ``Engine``."""
        given = self._replies_per_group
        return group_sizes(self._device()).replies if isinstance(given, str) else given

    @property
    def token_budget(self) -> int | str:
        """Tokens of KV cache, or the memory of weights and KV cache together."""
        return token_budget(self._device()) if self._token_budget == AUTO else self._token_budget

    def faults(self) -> list[str]:
        """See ``Engine``."""
        sizes = {
            "questions_per_group": self._questions_per_group,
            "replies_per_group": self._replies_per_group,
            "token_budget": self._token_budget,
            "devices": self.devices,
        }
        faults = bound_faults(
            at_least_one={name: size for name, size in sizes.items() if isinstance(size, int)},
            at_least_zero={"probe_candidates": self.probe_candidates},
        )
        wrong = {name: size for name, size in sizes.items() if _is_wrong(name, size)}
        faults += [f"engine.{name} must be {_KINDS[name]}, not {size!r}" for name, size in wrong.items()]
        if self.device in ("cuda", "mps") and not has_device(self.device):
            faults.append(f"engine.device={self.device}, but this machine has none: use engine.device=auto")
        if self.linear_kernel == "packed" and not self._can_pack():
            faults.append(
                "engine.linear_kernel=packed needs engine.device=cpu on an x86 processor, and in bfloat16 one with AVX-512: "
                "use engine.linear_kernel=auto, or resume a run that was started with it where there is one"
            )
        return faults + self._device_number_faults()

    def _device_number_faults(self) -> list[str]:
        """The process of a device that is not there could not load the model. Groups on the CPU are threads, and share it."""
        if isinstance(self.devices, str) or self.devices < 2 or (device := self._device()) == "cpu":
            return []
        import torch

        found = torch.cuda.device_count() if device == "cuda" else 1
        if not 0 < found < self.devices:
            return []
        number = f"{found} {device.upper()} device{'s' if found > 1 else ''}"
        return [f"engine.devices={self.devices}, but this machine shows {number}: use engine.devices=auto"]

    def model_faults(self, model: "PreTrainedModel") -> list[str]:
        """See ``Engine``."""
        if keeps_state(model):
            reasons = ["layers of it keep a state in place of keys and values"]
        elif not has_plain_attention(model):
            reasons = ["its attention is code of its own, which cannot share a prompt between branches"]
        else:
            unusual = unusual_keys_and_values(model)
            reasons = [f"its attention {extra}" for extra in attention_extras(model)] + ([unusual] if unusual else [])
        name = type(model).__name__
        return [f"engine=transformers cannot decode a {name} ({reason}): choose another engine" for reason in reasons]

    def resolved(self) -> dict[str, str | int]:
        """See ``Component``."""
        device = self._device()
        return {
            "device": device,
            "dtype": self._dtype(device),
            "linear_kernel": self._linear_kernel(),
            "questions_per_group": self.questions_per_group,
            "replies_per_group": self.replies_per_group,
            "token_budget": self.token_budget,
        }

    def identity(self) -> dict[str, object]:
        """See ``Engine``."""
        regions = {"kv_cache": "regions"} if self._device() == "cuda" else {}
        return {**super().identity(), **regions}

    def device_estimate(self) -> DeviceKind:
        """See ``Engine``."""
        return super().device_estimate() if self.device == "auto" else self.device

    def questions_estimate(self) -> int:
        """See ``Engine``."""
        given = self._questions_per_group
        return group_sizes(self.device_estimate()).questions if isinstance(given, str) else given

    def devices_estimate(self) -> DeviceCounts:
        """See ``Engine``. Candidates are dealt out to all devices; an evaluation on CUDA is hardly more than one group."""
        given = self.devices
        return DeviceCounts(generation=given if isinstance(given, int) else max(1, num_cuda_devices()), evaluation=1)

    def memory_estimate(
        self, *, parameters: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
    ) -> GenerationMemory:
        """See ``Engine``."""
        memory = super().memory_estimate(
            parameters=parameters, kv_cache_bytes_per_token=kv_cache_bytes_per_token, branches=branches, tokens=tokens
        )
        budget = self._token_budget
        if budget == AUTO:
            budget = _UNKNOWN if self.device_estimate() == "cuda" else token_budget("cpu")
        if budget == _UNKNOWN or memory.kv_cache is None:
            return GenerationMemory(weights=memory.weights, kv_cache=None)
        room = gigabytes(budget)
        per_token = memory.kv_cache / (branches * tokens)
        most = room * 1e9 - memory.weights if room is not None else int(budget) * per_token
        groups = 1
        if self.device_estimate() == "cpu":
            groups = self._groups_on_cpu(threads=computing_threads(), cache_bytes=most)
        return GenerationMemory(weights=memory.weights, kv_cache=min(memory.kv_cache, most), groups=groups)

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> "TransformersSession | SessionPool":
        """See ``Engine``. Nothing is kept in ``work_folder``."""
        import torch

        from thoughtrank.engines.decoding.devices.device_process import start_device_process
        from thoughtrank.engines.decoding.devices.records import Settings
        from thoughtrank.engines.decoding.devices.session_pool import SessionPool
        from thoughtrank.engines.decoding.session import TransformersSession

        device = self._device()
        settings = Settings(
            model_folder=model_folder,
            device=device,
            dtype=self._dtype(device),
            packed=self._linear_kernel() == "packed",
            token_budget=self.token_budget,
        )
        if device == "cuda" and (devices := self._num_cuda_devices()) > 1:
            with ExitStack() as opened:
                first = opened.enter_context(start_device_process(settings, 0))
                first.wait_until_open()
                opened.pop_all()
            return SessionPool(first, partial(start_device_process, settings), at_most=devices)
        session = TransformersSession(**settings._asdict())
        threads = torch.get_num_threads()
        groups = 1
        if session.can_share_weights:
            groups = self._groups_on_cpu(threads=threads, cache_bytes=session.most_cache_bytes)
        if groups == 1:
            return session
        threads = max(1, threads // groups)
        return SessionPool(session, lambda number: session.sharing_weights(), at_most=groups, threads=threads)

    def _num_cuda_devices(self) -> int:
        import torch

        return self.devices if isinstance(self.devices, int) else max(1, torch.cuda.device_count())

    def _groups_on_cpu(self, *, threads: int, cache_bytes: float) -> int:
        if isinstance(self.devices, int):
            return self.devices
        return groups_on_cpu(threads=threads, cache_bytes=cache_bytes, memory_bytes=usable_memory())

    def _device(self) -> DeviceKind:
        return device_kind(self.device)

    def _dtype(self, device: DeviceKind) -> Literal["float32", "bfloat16"]:
        if self.dtype != "auto":
            return self.dtype
        return "bfloat16" if device != "cpu" or multiplies_bf16() else "float32"

    def _linear_kernel(self) -> Literal["packed", "plain"]:
        if self.linear_kernel != "auto":
            return self.linear_kernel
        in_bf16 = self._dtype(self._device()) == "bfloat16"
        faster = multiplies_bf16() if in_bf16 else is_amd_processor()
        return "packed" if faster and self._can_pack() else "plain"

    def _can_pack(self) -> bool:
        import torch

        from thoughtrank.engines.decoding.packed_linear import can_pack

        device = self._device()
        return can_pack(getattr(torch, self._dtype(device)), torch.device(device))
