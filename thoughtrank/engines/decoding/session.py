"""A transformers model in memory, decoded by the branching decoder."""

import copy
import gc
import sys
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, PretrainedConfig, PreTrainedModel

from thoughtrank.engines.decoding.answer_scoring import score_group
from thoughtrank.engines.decoding.branch_tokenizer import BranchTokenizer
from thoughtrank.engines.decoding.branching_decoder import generate_group
from thoughtrank.engines.decoding.decoder_model import DecoderModel
from thoughtrank.engines.decoding.generic_model import GenericModel
from thoughtrank.engines.decoding.llama_model import PackedLlama, is_llama
from thoughtrank.engines.decoding.ragged.ragged_step import RaggedStep, has_flash_attention
from thoughtrank.engines.decoding.shared_prefix_attention import ATTENTION
from thoughtrank.engines.decoding.step_progress import StepProgress
from thoughtrank.engines.device_sizes import budget_tokens
from thoughtrank.engines.protocol import (
    Continuation,
    ContinuationScore,
    FinishedGroup,
    GenerationRequest,
    Limits,
    OnStep,
    ScoreRequest,
)
from thoughtrank.engines.tokenization import end_of_turn_tokens
from thoughtrank.models.model_config import sizes_of
from thoughtrank.models.special_parts import rescales_positions
from thoughtrank.output.library_logging import silence_library_logs
from thoughtrank.output.terminal import print_warning
from thoughtrank.process.malloc import return_free_memory, tune_malloc
from thoughtrank.process.openmp import adapt_to_load


class TransformersSession:
    """See ``EngineSession``.

    Args:
        model_folder: in Hugging Face format.
        device: name of a torch device.
        dtype: name of a torch dtype.
        packed: whether linear layers are in oneDNN's layout, where the model's arithmetic is this engine's own.
        token_budget: most tokens in the KV cache at once, or the memory of weights and KV cache together (``60GB``).

    Attributes:
        can_share_weights: whether the weights may be used by several threads: nothing of the model changes with what it reads.

    Raises:
        UserError: the weights alone need more memory than that.
    """

    def __init__(self, *, model_folder: Path, device: str, dtype: str, packed: bool, token_budget: int | str) -> None:
        silence_library_logs()
        tune_malloc()
        adapt_to_load()
        tokenizer = AutoTokenizer.from_pretrained(model_folder)
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            model_folder, dtype=dtype, attn_implementation=ATTENTION
        )
        model.to(device).eval()  # type: ignore[arg-type]  # transformers wraps the method, and the type of self is lost
        self._tokenizer = BranchTokenizer(
            tokenizer=tokenizer, end_tokens=end_of_turn_tokens(model.generation_config, tokenizer)
        )
        self._context_tokens = context_tokens(model.config)
        self.can_share_weights = device == "cpu" and not rescales_positions(model)
        self._most_rows: int | None = None
        weights = sum(weight.nbytes for weight in model.parameters())
        self.model: DecoderModel = PackedLlama(model, packed=packed) if is_llama(model) else GenericModel(model)
        self.cache = self.model.new_cache()
        self._token_budget = budget_tokens(
            token_budget, weight_bytes=weights, bytes_per_token=self.cache.bytes_per_token
        )
        self._ragged: RaggedStep | None = None
        if isinstance(self.model, PackedLlama) and has_flash_attention(self.cache):
            self._ragged = RaggedStep(self.model, end_tokens=self._tokenizer.end_tokens)
        self._facts: dict[str, object] = {
            "engine": "transformers",
            "device": device,
            "dtype": dtype,
            "linear_kernel": "packed" if packed and is_llama(model) else "plain",
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "threads": torch.get_num_threads(),
        }

    @property
    def most_cache_bytes(self) -> int:
        """Memory of the KV cache when the token budget is used up."""
        return self._token_budget * self.cache.bytes_per_token

    def sharing_weights(self) -> "TransformersSession":
        """Another session with the same weights and a KV cache of its own, for another thread."""
        other = copy.copy(self)
        other.cache = self.model.new_cache()
        other._facts = dict(self._facts)
        return other

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """See ``EngineSession``.

        If the batch does not fit into the device's memory, the group is decoded again from its start with half as many
        branches at once. The next group begins with all of its own again: its text must not depend on which groups this
        process decoded before.
        """
        rows = sum(len(request.branches) for request in requests)
        max_rows: int | None = None
        progress = StepProgress(on_step)
        while True:
            progress.restart()
            try:
                return generate_group(
                    requests,
                    model=self.model,
                    cache=self.cache,
                    ragged=self._ragged,
                    tokenizer=self._tokenizer,
                    limits=limits,
                    context_tokens=self._context_tokens,
                    token_budget=self._token_budget,
                    max_rows=max_rows,
                    on_step=progress,
                )
            except torch.OutOfMemoryError:
                if rows == 1:
                    raise
                rows = max_rows = rows // 2
                self._record_most_rows(rows)
            # Outside of the handler, whose traceback would keep the tensors alive.
            del self.cache
            if self._ragged is not None:
                self._ragged.free()
            _free_memory()
            self.cache = self.model.new_cache()

    def _record_most_rows(self, rows: int) -> None:
        if self._most_rows is None:
            print_warning(
                f"a group was too large for the device's memory and is decoded again with {rows} branches at once; a lower "
                "engine.token_budget, under another run=, saves that time"
            )
        self._most_rows = self._facts["most_rows"] = min(rows, self._most_rows or rows)

    def generate_groups(
        self, groups: Iterable[Sequence[GenerationRequest]], *, limits: Limits, on_step: OnStep | None = None
    ) -> Generator[FinishedGroup, None, None]:
        """See ``OverlappingSession``; one group after the other."""
        for place, group in enumerate(groups):
            yield FinishedGroup(place, self.generate(group, limits=limits, on_step=on_step))

    def score(
        self, requests: Sequence[ScoreRequest], *, on_step: OnStep | None = None
    ) -> list[list[ContinuationScore]]:
        """See ``EngineSession``. One forward pass over a few answers of a question; its prompt is read once."""
        if self._ragged is not None:
            self._ragged.free()
        return score_group(
            requests,
            model=self.model,
            cache=self.cache,
            tokenizer=self._tokenizer,
            context_tokens=self._context_tokens,
            token_budget=self._token_budget,
            on_step=on_step,
        )

    def facts(self) -> dict[str, object]:
        """See ``EngineSession``."""
        return dict(self._facts)

    def __enter__(self) -> "TransformersSession":
        return self

    def __exit__(self, *exception: object) -> None:
        """Free the memory before training needs it."""
        del self.model, self.cache, self._ragged
        _free_memory()


def _free_memory() -> None:
    gc.collect()
    return_free_memory()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def context_tokens(config: PretrainedConfig) -> int:
    """The longest sequence in which every token attends to all tokens before it: at most one sliding window or chunk."""
    text = config.get_text_config(decoder=True)
    stated = text.to_dict()
    limits = [sizes_of(text).context, stated.get("attention_chunk_size")]
    if stated.get("use_sliding_window", True):
        limits.append(stated.get("sliding_window"))
    return min((limit for limit in limits if limit is not None), default=sys.maxsize)
