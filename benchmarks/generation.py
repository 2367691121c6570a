"""Tokens per second of this project's engine and of what a user would take instead, side by side in one run.

    python benchmarks/generation.py --workload uniform --dtype bfloat16 --vllm-python .venv-vllm/bin/python

Every contender decodes the same requests with the same limits and stop rules, and all are given at once. They take turns, and
medians are reported. ``generate, one at a time`` decodes a sample of the candidates, since it would take an hour for all; its
rate is that of the sample. Before that, tokens are compared with those of ``generate`` in float32, candidate by candidate on
the same sample. The last line is one JSON object.

Workloads: ``uniform``: prompts of 128 tokens, 64 new ones, no early stop. ``real``: word problems, 62 prefixes, at most 80 new
tokens, natural stops. ``long``: prompts of 512 tokens, 640 new ones, no early stop. ``single``: one branch per question, at
most 128 tokens.
"""

import argparse
import json
import resource
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from generation_contenders import Child, Generate, ThisEngine, matrix_limit, start_child
from generation_workloads import SHAPES, Workload, make_workload, prepare_model

from thoughtrank.quiet import quiet_libraries

NEAR_TIE = 1e-4
OURS, SINGLE, LIMIT = "this engine", "generate, one at a time", "matrix products alone, batch 248"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", type=Path, help="model folder; by default SmolLM2 for real and single, else random weights"
    )
    parser.add_argument("--shape", choices=sorted(SHAPES), default="79m", help="of the random weights")
    parser.add_argument("--workload", choices=["uniform", "real", "long", "single"], default="uniform")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--questions", type=int, help="default 4, or 200 for single")
    parser.add_argument("--branches", type=int, default=62, help="per question, except for single")
    parser.add_argument("--token-budget", type=int, default=262144, help="engine.token_budget")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument(
        "--sample", type=int, default=8, help="candidates for one-at-a-time decoding and for comparing tokens"
    )
    parser.add_argument("--vllm-python", help="python of an environment with vLLM")
    parser.add_argument(
        "--skip", nargs="*", default=[], help="contenders to leave out, by the beginning of their names"
    )
    parser.add_argument(
        "--child-seconds", type=float, default=300, help="most seconds of one turn of vLLM or continuous batching"
    )
    options = parser.parse_args()
    quiet_libraries()
    with tempfile.TemporaryDirectory() as folder:
        if options.model is None:
            prepare_model(Path(folder), workload=options.workload, shape=options.shape)
        measure(options.model or Path(folder), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Compare tokens, run the contenders in turns, and report."""
    questions = options.questions or (200 if options.workload == "single" else 4)
    workload = make_workload(options.workload, folder=folder, questions=questions, branches=options.branches)
    every = max(1, len(workload.texts) // options.sample)
    sample = list(range(0, len(workload.texts), every))[: options.sample]
    engine = ThisEngine(
        folder, workload=workload, dtype=options.dtype, device=options.device, token_budget=options.token_budget
    )
    engine.rate()
    facts = {"peak_memory_bytes": peak_memory(), **compare(folder, workload, sample, engine, options)}
    generate = Generate(folder, workload=workload, dtype=options.dtype, device=options.device)
    texts = workload.texts
    contenders: dict[str, Callable[[], float]] = {
        OURS: engine.rate,
        SINGLE: lambda: generate.rate([texts[row] for row in sample], batch=1),
        "generate, batches of 62": lambda: generate.rate(texts, batch=62),
        "generate, batches of 248": lambda: generate.rate(texts, batch=248),
        LIMIT: matrix_limit(generate.model, batch=248),
    }
    children = start_children(generate, folder, options)
    contenders |= {name: child.rate for name, child in children.items()}
    contenders = {
        name: rate for name, rate in contenders.items() if not any(name.startswith(each) for each in options.skip)
    }
    medians = take_turns(contenders, repetitions=options.repetitions)
    for child in children.values():
        child.close()
    report(medians, facts | {"model": name_of(options), "questions": questions}, options)


def name_of(options: argparse.Namespace) -> str:
    """The model, in words."""
    if options.model is not None:
        return options.model.name
    return "SmolLM2-135M-Instruct" if options.workload in ("real", "single") else f"random Llama, {options.shape}"


def start_children(generate: Generate, folder: Path, options: argparse.Namespace) -> dict[str, Child]:
    """The contenders in processes of their own, those that run."""
    wanted = {"continuous batching": ("continuous", None)}
    if options.vllm_python:
        wanted["vLLM"] = ("vllm", options.vllm_python)
    else:
        print("vLLM: skipped, no --vllm-python")
    children = {}
    for name, (backend, python) in wanted.items():
        if any(name.startswith(each) for each in options.skip):
            continue
        try:
            child = start_child(
                backend,
                generate=generate,
                folder=folder,
                python=python,
                dtype=options.dtype,
                seconds=options.child_seconds,
            )
            child.rate()
            children[name] = child
        except RuntimeError as error:
            print(f"{name}: does not run here: {error}")
    return children


def take_turns(contenders: dict[str, Callable[[], float]], *, repetitions: int) -> dict[str, float]:
    """Median rates; one that fails drops out with a line."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repetitions):
        for name in [name for name in contenders if name in rates]:
            try:
                rates[name].append(contenders[name]())
            except RuntimeError as error:
                print(f"{name}: left out: {error}")
                del rates[name]
    return {name: statistics.median(each) for name, each in rates.items()}


def compare(
    folder: Path, workload: Workload, sample: list[int], engine: ThisEngine, options: argparse.Namespace
) -> dict[str, Any]:
    """Tokens against those of ``generate``, each candidate alone: in float32, and in bfloat16 where that is measured."""
    equal, ties, differences = 0, 0, 0
    exact = Generate(folder, workload=workload, dtype="float32", device=options.device)
    ours = ThisEngine(
        folder, workload=workload, dtype="float32", device=options.device, token_budget=options.token_budget
    ).written()
    for row in sample:
        text = workload.texts[row]
        [expected] = exact.written([text])
        if ours[row] == expected:
            equal += 1
            continue
        first = next(
            (place for place, pair in enumerate(zip(ours[row], expected, strict=False)) if pair[0] != pair[1]),
            min(len(ours[row]), len(expected)),
        )
        gap = exact.gap(text, expected[:first])
        near = gap < NEAR_TIE
        ties, differences = ties + near, differences + (not near)
        print(f"candidate {row} differs at token {first}, where generate's two best logits are {gap:.2g} apart")
    facts: dict[str, Any] = {"tokens_equal": differences == 0, "tokens_compared": len(sample), "near_ties": ties}
    if options.dtype == "bfloat16":
        low = Generate(folder, workload=workload, dtype="bfloat16", device=options.device)
        written = engine.written()
        same = [written[row] == low.written([workload.texts[row]])[0] for row in sample]
        facts["share_equal"] = sum(same) / len(same)
    else:
        facts["share_equal"] = equal / len(sample)
    return facts


def peak_memory() -> int:
    """Bytes this process, or the CUDA device, has held at most so far."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(medians: dict[str, float], facts: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the table and the JSON line."""
    ours = medians[OURS]
    for name, rate in medians.items():
        print(f"{name:34} {rate:9.1f} tokens/s   this engine is {ours / rate:6.2f} times as fast")

    def ratio(*rates: float | None) -> float | None:
        known = [rate for rate in rates if rate is not None]
        return round(ours / max(known), 3) if known else None

    batched = [rate for name, rate in medians.items() if name.startswith("generate, batches")]
    facts = {
        "tokens_per_second": {name: round(rate, 1) for name, rate in medians.items()},
        "ratio_vs_generate_single": ratio(medians.get(SINGLE)),
        "ratio_vs_generate_batched": ratio(*batched),
        "ratio_vs_vllm": ratio(medians.get("vLLM")),
        "fraction_of_matmul_limit": ratio(medians.get(LIMIT)),
        **facts,
        "dtype": options.dtype,
        "device": torch.cuda.get_device_name() if options.device == "cuda" else options.device,
        "threads": torch.get_num_threads(),
        "workload": options.workload,
        "branches": 1 if options.workload == "single" else options.branches,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
