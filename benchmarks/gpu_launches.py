"""A part of ``gpu.py``: how much of a decoding step is launching kernels, and what a CUDA graph of such a step would save."""

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from gpu_common import Part, parse_part, random_model
from gpu_generation import fixed_length, guarded, requests_of
from torch import Tensor
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from thoughtrank.engines.transformers import TransformersEngine

_SKIPPED_STEPS = 4
_PROFILED_STEPS = 8
_BLOCKING = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize", "cudaMemcpy")
_LAUNCHING = ("cudaLaunchKernel", "cuLaunchKernel", "cudaMemcpyAsync", "cudaMemsetAsync")


class StepProfiler:
    """Profiles some steps in the middle of a group; the engine calls it after every step."""

    def __init__(self, *, on_card: bool) -> None:
        activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_card else [])]
        self.profile = profile(activities=activities)
        self._steps = 0

    def __call__(self, tokens: int, finished: int) -> None:
        """See ``OnStep``."""
        self._steps += 1
        if self._steps == _SKIPPED_STEPS:
            self.profile.start()
        elif self._steps == _SKIPPED_STEPS + _PROFILED_STEPS:
            self.profile.stop()


def step_profile(part: Part, session: Any, *, branches: int) -> dict[str, object]:
    """Milliseconds per step: by the clock, of kernels on the device, and of the CPU waiting for the device."""
    requests = requests_of(part.shape, branches=branches)
    limits = fixed_length(_SKIPPED_STEPS + _PROFILED_STEPS + 4)
    times: list[float] = []
    session.generate(requests, limits=limits)
    session.generate(requests, limits=limits, on_step=lambda *_: times.append(time.perf_counter()))
    step = 1000 * median(later - earlier for earlier, later in pairwise(times))
    profiler = StepProfiler(on_card=part.on_card)
    session.generate(requests, limits=limits, on_step=profiler)
    events = profiler.profile.key_averages()
    kernels = device_ms(events) / _PROFILED_STEPS
    blocked = sum(event.self_cpu_time_total for event in events if event.key.startswith(_BLOCKING))
    return {
        "branches": branches,
        "step_ms": step,
        "kernel_ms": kernels if part.on_card else None,
        "idle_fraction_of_device": max(0.0, 1 - kernels / step) if part.on_card else None,
        "blocked_ms": blocked / 1000 / _PROFILED_STEPS,
        "launches": sum(event.count for event in events if event.key.startswith(_LAUNCHING)) / _PROFILED_STEPS,
        "operators": sum(event.count for event in events if event.key.startswith("aten::")) / _PROFILED_STEPS,
        "longest_kernels_ms": longest(events) if part.on_card else None,
    }


def on_device(events: Any) -> list[Any]:
    """Kernels and copies; named ranges and the operators that launched them would count the same time again."""
    return [event for event in events if str(event.device_type).endswith("CUDA") and not event.is_user_annotation]


def device_ms(events: Any) -> float:
    """Milliseconds that kernels and copies took, one after the other."""
    return sum(event.self_device_time_total for event in on_device(events)) / 1000


def longest(events: Any, *, number: int = 8, runs: int = _PROFILED_STEPS) -> dict[str, float]:
    """The kernels that take most of the device's time, with their milliseconds per run."""
    ordered = sorted(on_device(events), key=lambda event: -event.self_device_time_total)
    return {event.key[:70]: round(event.self_device_time_total / 1000 / runs, 3) for event in ordered[:number]}


class DecodingStep:
    """The kernels of one decoding step with fixed shapes: every branch attends to its own keys and values.

    Args:
        part: gives the shape and the device.
        branches: rows.
        context: tokens of keys and values of each.
    """

    def __init__(self, part: Part, *, branches: int, context: int) -> None:
        shape = part.shape.config
        hidden, inner, layers = shape["hidden_size"], shape["intermediate_size"], shape["num_hidden_layers"]
        self._heads, self._kv_heads, self._size = (
            shape["num_attention_heads"],
            shape["num_key_value_heads"],
            part.shape.head_dim,
        )

        def random(*sizes: int) -> Tensor:
            return torch.randn(*sizes, device=part.device, dtype=torch.bfloat16) / 50

        self._hidden = random(branches, hidden)
        self._norm = random(hidden)
        joined = hidden + 2 * self._kv_heads * self._size
        self._layers = [
            (random(joined, hidden), random(hidden, hidden), random(2 * inner, hidden), random(hidden, inner))
            for _ in range(layers)
        ]
        cache = (branches, self._kv_heads, context, self._size)
        self._cache = [(random(*cache), random(*cache)) for _ in range(layers)]
        self._head = random(shape["vocab_size"], hidden)

    @torch.inference_mode()
    def __call__(self) -> Tensor:
        """The next token of every branch."""
        hidden = self._hidden
        for (qkv, out, up, down), (keys, values) in zip(self._layers, self._cache, strict=True):
            heads = functional.linear(self._normed(hidden), qkv).view(len(hidden), -1, self._size)
            query, key, value = heads.split([self._heads, self._kv_heads, self._kv_heads], dim=1)
            keys[:, :, -1], values[:, :, -1] = key, value
            attended = functional.scaled_dot_product_attention(query[:, :, None], keys, values, enable_gqa=True)
            hidden = hidden + functional.linear(attended.flatten(1), out)
            gate, inner = functional.linear(self._normed(hidden), up).chunk(2, dim=-1)
            hidden = hidden + functional.linear(functional.silu(gate) * inner, down)
        return functional.linear(self._normed(hidden), self._head).argmax(dim=-1)

    def _normed(self, hidden: Tensor) -> Tensor:
        return functional.rms_norm(hidden, (hidden.shape[-1],), self._norm)


def graph_figures(part: Part, *, branches: int) -> dict[str, object]:
    """The same step launched kernel by kernel and, on CUDA, replayed as a graph."""
    step = DecodingStep(part, branches=branches, context=part.shape.prompt_tokens + part.shape.new_tokens // 2)
    eager = part.seconds(step, repetitions=5)
    found: dict[str, object] = {"branches": branches, "fixed_shape_step_ms": 1000 * eager, "graph_replay_ms": None}
    if part.on_card:
        found["graph_replay_ms"] = 1000 * part.seconds(captured(step), repetitions=5)
    return found


def captured(step: Callable[[], Tensor]) -> Callable[[], None]:
    """A function that replays the step."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def main() -> None:
    """Profile the engine, then compare launching with replaying."""
    part = parse_part("launches")
    sizes = part.shape.branches[:3]
    engine = TransformersEngine(dtype="bfloat16", device=part.device)  # type: ignore[arg-type]
    with engine.open(random_model(part)) as session:
        for branches in sizes:
            part.emit(**guarded(partial(step_profile, part, session, branches=branches)))
    if part.on_card:
        torch.cuda.empty_cache()
    for branches in sizes[:2]:
        if part.left() > 0:
            part.emit(**guarded(partial(graph_figures, part, branches=branches)))


if __name__ == "__main__":
    main()
