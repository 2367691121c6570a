"""The embedded engine: a transformers causal LM, decoded here (the config choice ``engine=transformers``)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from thoughtrank.engines.bounds import bound_faults
from thoughtrank.engines.protocol import Continuation, GenerationRequest, Limits, OnStep
from thoughtrank.models.hardware import multiplies_bf16

_VERSION = 3


class TransformersEngine:
    """Greedy decoding with the prompt's keys and values shared by all branches.

    Args:
        dtype: of the weights and the arithmetic while generating; ``auto`` is float32 on processors that cannot
            multiply in bfloat16 (AVX512-BF16 or AMX), where it is the faster one, and otherwise bfloat16.
        device: ``auto`` is CUDA where there is one, else Apple's MPS, else the CPU.
        questions_per_group: questions decoded together with all their prefixes; also the unit of saving and of replay.
        replies_per_group: the same for evaluation, where a question has one or two branches.
        probe_candidates: candidates of a stage that are written once more, in another batch, to see whether they change.
        token_budget: most tokens of cache in use at once; what does not fit waits until branches of its group finish.
    """

    chooses_first_token = True

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
            self,
            at_least_one=("questions_per_group", "replies_per_group", "token_budget"),
            at_least_zero=("probe_candidates",),
        )
        if self.device in ("cuda", "mps"):
            import torch

            found = torch.cuda.is_available() if self.device == "cuda" else torch.backends.mps.is_available()
            if not found:
                faults.append(f"engine.device={self.device}, but this machine shows none: use engine.device=auto")
        return faults

    def identity(self) -> dict[str, object]:
        """See ``Engine``. ``auto`` counts as what it stands for here, since that decides the text."""
        device = self._device()
        return {
            "engine": "transformers",
            "version": _VERSION,
            "device": device,
            "dtype": self._dtype(device),
            # It decides which branches share a batch.
            "token_budget": self.token_budget,
        }

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> "TransformersSession":
        """See ``Engine``. Nothing is kept in ``work_folder``."""
        device = self._device()
        return TransformersSession(
            model_folder=model_folder, device=device, dtype=self._dtype(device), token_budget=self.token_budget
        )

    def _device(self) -> str:
        import torch

        if self.device != "auto":
            return self.device
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"

    def _dtype(self, device: str) -> str:
        if self.dtype != "auto":
            return self.dtype
        return "bfloat16" if device != "cpu" or multiplies_bf16() else "float32"


class TransformersSession:
    """The engine with a model in memory."""

    def __init__(self, *, model_folder: Path, device: str, dtype: str, token_budget: int) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from thoughtrank.engines.decoding.branch import TagReader
        from thoughtrank.engines.decoding.generic_model import ModuleDecoder
        from thoughtrank.engines.decoding.llama_model import LlamaDecoder, is_llama
        from thoughtrank.engines.decoding.shared_prefix_attention import ATTENTION
        from thoughtrank.library_logging import quiet_libraries

        quiet_libraries()
        tokenizer = AutoTokenizer.from_pretrained(model_folder)
        model: Any = AutoModelForCausalLM.from_pretrained(
            model_folder, dtype=getattr(torch, dtype), attn_implementation=ATTENTION
        )
        model = model.to(device).eval()
        self._reader = TagReader(tokenizer=tokenizer, end_tokens=_end_tokens(model, tokenizer))
        self._context_tokens = _context_tokens(model.config)
        self._token_budget = token_budget
        self._most_rows: int | None = None
        self.decoder: Any = LlamaDecoder(model) if is_llama(model) else ModuleDecoder(model)
        self.cache: Any = self.decoder.new_cache()
        self._facts = {"engine": "transformers", "device": device, "dtype": dtype, **_versions()}

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """See ``EngineSession``.

        Where the device's memory does not hold the batch, the group is decoded again from its start with half as many
        branches at once, and so are all groups after it.
        """
        import torch

        from thoughtrank.engines.decoding.branching_decoder import generate_group
        from thoughtrank.engines.decoding.step_progress import StepReports

        branches = sum(len(request.branches) for request in requests)
        reports = StepReports(on_step)
        while True:
            reports.restart()
            try:
                return generate_group(
                    requests,
                    decoder=self.decoder,
                    cache=self.cache,
                    reader=self._reader,
                    limits=limits,
                    context_tokens=self._context_tokens,
                    token_budget=self._token_budget,
                    most_rows=self._most_rows,
                    on_step=reports,
                )
            except torch.OutOfMemoryError:
                rows = min(branches, self._most_rows or branches)
                if rows == 1:
                    raise
                self._most_rows = self._facts["most_rows"] = rows // 2
            # Outside of the handler, whose traceback would keep the tensors.
            self.cache = None
            _free_memory()
            self.cache = self.decoder.new_cache()

    def facts(self) -> dict[str, object]:
        """See ``EngineSession``."""
        return dict(self._facts)

    def __enter__(self) -> "TransformersSession":
        return self

    def __exit__(self, *exception: object) -> None:
        """Give the memory back before training needs it."""
        self.decoder = self.cache = None
        _free_memory()


def _free_memory() -> None:
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _context_tokens(config: Any) -> int:
    """The longest sequence whose every token attends to all before it; a sliding window is never left."""
    window = getattr(config, "sliding_window", None)
    if window is None or not getattr(config, "use_sliding_window", True):
        return config.max_position_embeddings
    return min(config.max_position_embeddings, window)


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Every token that ends a turn, by the generation config and the tokenizer."""
    stated = model.generation_config.eos_token_id
    stated = stated if isinstance(stated, list) else [stated]
    return frozenset(token for token in [*stated, tokenizer.eos_token_id] if token is not None)


def _versions() -> dict[str, object]:
    import torch
    import transformers

    return {"torch": torch.__version__, "transformers": transformers.__version__, "threads": torch.get_num_threads()}
