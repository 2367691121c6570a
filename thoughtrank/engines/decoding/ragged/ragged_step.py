"""One decoding step over regions, replayed as a CUDA graph where its shapes have occurred before.

Shapes: N rows, padding rows included; Q prompts, padding ones included; V vocabulary.
"""

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from thoughtrank.engines.decoding.batch_scheduler import round_up
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.llama_model import PackedLlama, Rotation
from thoughtrank.engines.decoding.ragged.fused_kernels import fused_kernels
from thoughtrank.engines.decoding.ragged.growing_scheduler import MOST_ROWS
from thoughtrank.engines.decoding.ragged.ragged_attention import Spans, flash_attention, ragged_attention
from thoughtrank.engines.decoding.ragged.ragged_cache import RaggedCache
from thoughtrank.engines.decoding.sampling import argmax
from thoughtrank.models.flash_support import supports_flash
from thoughtrank.output.terminal import print_warning

_ROW_STEPS = {32: 8, 256: 32, 512: 64, 1024: 128, MOST_ROWS: 256}
"""Up to so many rows, a batch is padded to a multiple of this number."""


def has_flash_attention(cache: KVCache) -> bool:
    """Whether flash attention runs on the device of a cache, in its dtype and head_dim, and this torch was built with it."""
    return (
        supports_flash(device=cache.device, dtype=cache.dtype, head_dim=cache.head_dim)
        and torch.backends.cuda.is_flash_attention_available()
    )


class Field(IntEnum):
    """What the columns of ``StepInputs.rows`` hold of each row."""

    TOKEN = 0
    START = 1  # of its region
    LENGTH = 2  # tokens in its region before the step
    POSITION = 3
    BELOW_MINIMUM = 4  # 1 where the turn may not end at the next token


@dataclass(frozen=True, slots=True)
class StepInputs:
    """One step, on the CPU.

    Attributes:
        rows: [5, N + 1], see ``Field``; the last column is not used. int32.
        prompts: [3, Q + 1]: first row of each prompt, first token of its region, its tokens. int32.
        most_rows: an upper bound on the rows of one prompt.
        most_tokens: an upper bound on the tokens of a region.
        has_minimum: whether any branch of the group may be below its minimum.
    """

    rows: Tensor
    prompts: Tensor
    most_rows: int
    most_tokens: int
    has_minimum: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Steps of equal shape launch the same kernels."""
        return (self.rows.shape[1], self.prompts.shape[1], self.most_rows, self.most_tokens, self.has_minimum)


def padded_batch(rows: int) -> int:
    """The number of rows that a batch is padded to, so that few shapes occur."""
    return round_up(rows, next(step for most, step in _ROW_STEPS.items() if rows <= most))


@dataclass(slots=True)
class _Graph:
    """A captured step: its inputs are copied, it is replayed, its output is read."""

    graph: torch.cuda.CUDAGraph
    rows: Tensor
    prompts: Tensor
    chosen: Tensor


class RaggedStep:
    """Feeds one token to each row.

    Args:
        model: on its device.
        end_tokens: those that end the turn.

    Attributes:
        model: as given.
        cache: of the model.
    """

    def __init__(self, model: PackedLlama, *, end_tokens: frozenset[int]) -> None:
        empty = model.new_cache()
        self.model, self.cache, self._kernels = model, RaggedCache.like(empty), fused_kernels(empty)
        if self._kernels is not None:
            model.silu_mul = self._kernels.silu_mul
        self._ends = torch.tensor(sorted(end_tokens), device=model.device)
        self._graphs: dict[tuple[int, ...], _Graph] = {}
        self._seen: set[tuple[int, ...]] = set()
        self._memory = (-1, 0)  # address and size of the cache's memory, which graphs have fixed
        self._captures = model.device.type == "cuda"

    def free(self) -> None:
        """Return the memory of cache and graphs."""
        self.cache.free()
        self._graphs.clear()

    def __call__(self, inputs: StepInputs, *, wants_logits: bool) -> tuple[Tensor, Tensor | None]:
        """The likeliest token of each row, [N], and the logits where they are wanted, [N, V]."""
        device = self.model.device
        if self._captures and not wants_logits and (graph := self._graph(inputs)):
            graph.rows.copy_(inputs.rows, non_blocking=True)
            graph.prompts.copy_(inputs.prompts, non_blocking=True)
            graph.graph.replay()
            return graph.chosen, None
        rows = inputs.rows.to(device, non_blocking=True)
        return self._compute(rows, inputs.prompts.to(device, non_blocking=True), inputs)

    def _graph(self, inputs: StepInputs) -> _Graph | None:
        """The graph of a step's shapes, captured when they occur a second time."""
        memory = (self.cache.keys[0].data_ptr(), self.cache.tokens)
        if memory != self._memory:
            self._graphs.clear()
            self._memory = memory
        shape = inputs.shape
        if shape not in self._graphs and shape in self._seen:
            try:
                self._graphs[shape] = self._captured(inputs)
            except RuntimeError as error:
                self._captures = False
                self._graphs.clear()
                print_warning(f"decoding steps are not replayed as CUDA graphs, which costs time: {error}")
        self._seen.add(shape)
        return self._graphs.get(shape)

    def _captured(self, inputs: StepInputs) -> _Graph:
        rows, prompts = inputs.rows.to(self.model.device), inputs.prompts.to(self.model.device)
        pool = next(iter(self._graphs.values())).graph.pool() if self._graphs else None
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        with torch.cuda.graph(graph, pool=pool):
            chosen, _ = self._compute(rows, prompts, inputs)
        return _Graph(graph, rows, prompts, chosen)

    def _compute(self, rows: Tensor, prompts: Tensor, inputs: StepInputs) -> tuple[Tensor, Tensor]:
        """The step itself, without anything that waits for the device."""
        number, cache = rows.shape[1] - 1, self.cache
        tokens, starts, lengths, positions, below = rows
        slots = (starts + lengths)[:number].long()
        own = Spans(
            queries=torch.arange(number + 1, dtype=torch.int32, device=rows.device),
            starts=starts,
            used=lengths[:number] + 1,
            most_queries=1,
            most_tokens=inputs.most_tokens,
        )
        of_prompts = Spans(
            queries=prompts[0],
            starts=prompts[1],
            used=prompts[2, :-1].contiguous(),
            most_queries=inputs.most_rows,
            most_tokens=inputs.most_tokens,
        )

        def attend(heads: Tensor, rotation: Rotation, layer: int, scaling: float) -> Tensor:
            keys, values, kernels = cache.keys[layer], cache.values[layer], self._kernels
            if kernels is None:
                query, new_keys, new_values = self.model.rotated(heads, rotation)
                keys.index_copy_(0, slots, new_keys)
                values.index_copy_(0, slots, new_values)
                return ragged_attention(query, keys, values, own=own, prompts=of_prompts, scaling=scaling)
            query = kernels.rotate_and_store(heads, *rotation, keys=keys, values=values, slots=slots)
            output, sums = flash_attention(query, keys, values, of_prompts, scaling=scaling)
            return kernels.attend_own(
                query,
                keys,
                values,
                starts=own.starts,
                used=own.used,
                prompt_output=output,
                prompt_sums=sums,
                scaling=scaling,
            )

        logits = self.model.step_with(attend, tokens[:number].long(), positions[:number].long(), wanted=None)
        if inputs.has_minimum:
            of_ends = logits.index_select(1, self._ends).masked_fill(below[:number, None] > 0, float("-inf"))
            logits.index_copy_(1, self._ends, of_ends)
        return argmax(logits), logits
