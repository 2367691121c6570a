"""A part of ``gpu.py``: the embedded engine and ``generate`` of transformers, compared with the roofline of the device."""

import gc
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from gpu_common import NO_TIME, Part, Shape, parse_part, random_model, words

from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine

_ASSUMED_SECONDS_PER_STEP = 0.06
"""Of a step that has not been measured yet, to decide whether there is time left for it."""


def requests_of(shape: Shape, *, branches: int) -> list[GenerationRequest]:
    """Questions with random prompts; every branch begins with a word of its own."""
    vocabulary, length = shape.config["vocab_size"], shape.prompt_tokens
    openers = [Branch(opener=f" {word}", in_thought=False) for word in words(branches, start=0, vocabulary=vocabulary)]
    size = shape.branches_per_question
    return [
        GenerationRequest(
            prompt=" ".join(words(length, start=length * (1 + question), vocabulary=vocabulary)),
            branches=tuple(openers[question * size : (question + 1) * size]),
        )
        for question in range(-(-branches // size))
    ]


def fixed_length(tokens: int) -> Limits:
    """Every branch gets exactly so many tokens."""
    return Limits(thought_tokens=0, answer_tokens=tokens, min_answer_tokens=tokens)


def roofline(part: Part, *, branches: int, new_tokens: int) -> float | None:
    """Tokens per second of a step that moves weights, prompts and branches once, or computes at the rate of a matmul.

    See "Efficiently Scaling Transformer Inference" (arXiv 2211.05102) for the two limits. None without ceilings.
    """
    shape, ceilings = part.shape, part.ceilings()
    if not ceilings:
        return None
    suffix = new_tokens / 2
    questions = -(-branches // shape.branches_per_question)
    weights = shape.layer_weights + shape.head_weights
    cached = questions * shape.prompt_tokens + branches * suffix
    moved = 2 * weights + shape.kv_bytes_per_token * cached
    attention = 4 * shape.config["num_hidden_layers"] * shape.config["hidden_size"] * (shape.prompt_tokens + suffix)
    computed = branches * (2 * weights + attention)
    seconds = max(moved / ceilings["copy_gb_per_second"] / 1e9, computed / ceilings["matmul_tflops"] / 1e12)
    return branches / seconds


def engine_figures(part: Part, session: Any, *, branches: int, new_tokens: int, repetitions: int) -> dict[str, object]:
    """Decode so many branches: tokens per second with and without the prefill."""
    requests = requests_of(part.shape, branches=branches)
    steps: list[float] = []

    def run() -> None:
        steps.append(time.perf_counter())
        results = session.generate(
            requests, limits=fixed_length(new_tokens), on_step=lambda *_: steps.append(time.perf_counter())
        )
        assert sum(len(each.answer_ids) for row in results for each in row) == branches * new_tokens

    if part.on_card:
        torch.cuda.reset_peak_memory_stats()
    seconds = part.seconds(run, repetitions=repetitions)
    # The median leaves out the prefills and the few steps that resize the cache.
    step = median(later - earlier for earlier, later in pairwise(steps))
    limit = roofline(part, branches=branches, new_tokens=new_tokens)
    return {
        "branches": branches,
        "new_tokens": new_tokens,
        "tokens_per_second": branches * new_tokens / seconds,
        "seconds": seconds,
        "step_ms": 1000 * step,
        "decode_tokens_per_second": branches / step,
        "roofline_tokens_per_second": limit,
        "fraction_of_roofline": limit and branches * new_tokens / seconds / limit,
        "decode_fraction_of_roofline": limit and branches / step / limit,
        "peak_memory_gb": part.peak_gb(),
        **({"most_rows": session.facts()["most_rows"]} if "most_rows" in session.facts() else {}),
    }


def measure_engine(part: Part) -> float:
    """All numbers of branches; the best rate."""
    shape = part.shape
    engine = TransformersEngine(dtype="bfloat16", device=part.device)  # type: ignore[arg-type]
    sizes = [(branches, shape.new_tokens, 2) for branches in shape.branches]
    sizes.append((shape.branches[-2], shape.long_tokens, 1))
    best = 0.0
    folder = random_model(part)
    free_memory(part)
    started = time.perf_counter()
    with engine.open(folder) as session:
        part.emit(engine="this", seconds_to_open=time.perf_counter() - started)
        session.generate(requests_of(shape, branches=4), limits=fixed_length(4))
        for branches, tokens, repetitions in sizes:
            if part.on_card and part.left() < (1 + repetitions) * tokens * _ASSUMED_SECONDS_PER_STEP:
                part.emit(engine="this", branches=branches, new_tokens=tokens, error=NO_TIME)
                continue
            measure = partial(engine_figures, part, session, branches=branches, new_tokens=tokens)
            figures = guarded(partial(measure, repetitions=repetitions))
            part.emit(engine="this", **figures)
            best = max(best, float(figures.get("tokens_per_second", 0.0)))  # type: ignore[arg-type]
    return best


def measure_generate(part: Part, *, ours: float) -> None:
    """``generate`` at numbers of branches up to where it no longer becomes faster, as far as there is time."""
    from transformers import AutoModelForCausalLM

    shape = part.shape
    free_memory(part)
    model: Any = AutoModelForCausalLM.from_pretrained(random_model(part), dtype=torch.bfloat16)
    model = model.to(part.device).eval()
    tokens, best = shape.new_tokens, 0.0
    for branches in shape.generate_branches:
        if part.on_card and part.left() < 2 * tokens * _ASSUMED_SECONDS_PER_STEP:
            part.emit(engine="generate", branches=branches, error=NO_TIME)
            continue
        ids = torch.randint(1, shape.config["vocab_size"], (branches, shape.prompt_tokens), device=part.device)

        def run(ids: torch.Tensor = ids) -> None:
            model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=tokens,
                min_new_tokens=tokens,
            )

        def figures(branches: int = branches, run: Callable[[], None] = run) -> dict[str, object]:
            seconds = part.seconds(run, repetitions=1)
            return {"branches": branches, "tokens_per_second": branches * tokens / seconds, "seconds": seconds}

        found = guarded(figures)
        best = max(best, float(found.get("tokens_per_second", 0.0)))  # type: ignore[arg-type]
        part.emit(engine="generate", **found, peak_memory_gb=part.peak_gb())
    if best:
        part.emit(engine="this", times_as_fast_as_generate=ours / best)


def guarded(measure: Callable[[], dict[str, object]]) -> dict[str, object]:
    """The figures, or in their place what went wrong."""
    try:
        return measure()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def free_memory(part: Part) -> None:
    """Give freed tensors back to the device."""
    gc.collect()
    if part.on_card:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def main() -> None:
    """Measure both."""
    part = parse_part("generation")
    ours = measure_engine(part)
    measure_generate(part, ours=ours)


if __name__ == "__main__":
    main()
