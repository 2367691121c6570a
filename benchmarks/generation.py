"""Tokens per second of this project's engine and of the alternatives, side by side in one run.

    python benchmarks/generation.py --workload uniform --dtype bfloat16 --vllm-python .venv-vllm/bin/python

Every contender decodes the same requests with the same limits and stopping rules. Each gets all requests at once; this engine
processes them in the groups of a run. The contenders take turns, and medians are reported. ``generate`` one at a time decodes
a sample of the candidates, since all of them would take an hour. First, tokens are compared with those of ``generate`` in
float32, candidate by candidate. The last line is one JSON object; what was not measured is null.

A benchmark can be run in parts: ``--contenders generate_batched --tokens 0`` measures only these and this engine, and no new
round of turns starts ``--seconds`` after the start. Ratios use figures of one run only.

Workloads: ``uniform``: prompts of 128 tokens, 64 new tokens, no early stop. ``real``: word problems, 62 prefixes, at most 80
new tokens, natural stops. ``long``: prompts of 512 tokens, 640 new tokens, no early stop. ``single``: one branch per
question, at most 128 new tokens.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from generation_contenders import Generate, ThisEngine, bandwidth_ceiling, matmul_ceiling
from generation_processes import ContenderProcess, start_process
from generation_tokens import compare_tokens, evenly_spaced
from generation_workloads import SHAPES, Workload, make_workload, prepare_model

from thoughtrank.finetuning.callbacks.throughput import peak_resident
from thoughtrank.output.library_logging import silence_library_logs

STARTED = time.monotonic()
OURS, SINGLE = "this_engine", "generate_single"
BATCHED = {"generate_batched_62": 62, "generate_batched_248": 248}
PROCESSES = {"continuous_batching": "continuous", "vllm": "vllm"}
MATMULS, MEMORY_READS = "matrix_products_248", "memory_reads_248"
CONTENDERS = [SINGLE, *BATCHED, *PROCESSES, MATMULS, MEMORY_READS]


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", type=Path, help="model folder; by default SmolLM2 for real and single, otherwise random weights")
    add("--shape", choices=sorted(SHAPES), default="79m", help="shape of the random weights")
    add("--workload", choices=["uniform", "real", "long", "single"], default="uniform")
    add("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--questions", type=int, help="default 4, or 200 for single")
    add("--branches", type=int, default=62, help="per question, except for single")
    add("--new-tokens", type=int, help="new tokens per branch; by default the workload's")
    add("--token-budget", default="auto", help="engine.token_budget")
    add(
        "--contenders",
        nargs="*",
        default=CONTENDERS,
        help=f"contenders besides this engine, by prefix of their names: {', '.join(CONTENDERS)}",
    )
    add("--repetitions", type=int, default=3)
    add("--seconds", type=float, default=3600, help="start no new round of turns after this many seconds")
    add("--sample", type=int, default=8, help="candidates decoded one at a time")
    add("--tokens", type=int, default=8, help="candidates whose tokens are compared; 0: none")
    add("--vllm-python", help="python of an environment with vLLM")
    add("--turn-seconds", type=float, default=300, help="time limit of one turn of vLLM or continuous batching")
    options = parser.parse_args()
    wanted = [name for name in CONTENDERS if any(name.startswith(each) for each in options.contenders)]
    options.contenders = wanted
    return options


def main() -> None:
    """Measure and print."""
    options = parse()
    silence_library_logs()
    with tempfile.TemporaryDirectory() as folder:
        if options.model is None:
            prepare_model(Path(folder), workload=options.workload, shape=options.shape)
        measure(options.model or Path(folder), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Compare tokens, run the contenders in turns, and report."""
    options.questions = options.questions or (200 if options.workload == "single" else 4)
    workload = make_workload(
        options.workload,
        folder=folder,
        questions=options.questions,
        branches=options.branches,
        new_tokens=options.new_tokens,
    )
    engine = ThisEngine(folder, workload=workload, options=options)
    engine.rate()
    facts: dict[str, Any] = {"peak_memory_bytes": peak_memory()}
    if options.tokens:
        facts |= compare_tokens(folder, workload=workload, engine=engine, options=options)
    generate = Generate(folder, workload=workload, dtype=options.dtype, device=options.device)
    contenders: dict[str, Callable[[], float]] = {OURS: engine.rate}
    contenders |= contenders_in_this_process(generate, workload, options)
    processes = start_processes(generate, folder, options)
    contenders |= {name: process.rate for name, process in processes.items()}
    try:
        rates = take_turns(contenders, options)
    finally:
        for process in processes.values():
            process.close()
    report(rates, facts, options)


def contenders_in_this_process(
    generate: Generate, workload: Workload, options: argparse.Namespace
) -> dict[str, Callable[[], float]]:
    """The selected contenders that run in this process."""
    texts = workload.texts
    sample = evenly_spaced(texts, options.sample)
    model, tokens = generate.model, statistics.mean(map(len, generate.prompts()))
    every: dict[str, Callable[[], float]] = {
        SINGLE: partial(generate.rate, sample, batch=1),
        **{name: partial(generate.rate, texts, batch=batch) for name, batch in BATCHED.items()},
        MATMULS: matmul_ceiling(model, batch=248),
        MEMORY_READS: bandwidth_ceiling(model, workload=workload, prompt_tokens=tokens, batch=248),
    }
    return {name: every[name] for name in every if name in options.contenders}


def start_processes(generate: Generate, folder: Path, options: argparse.Namespace) -> dict[str, ContenderProcess]:
    """The selected contenders that run in their own processes and start on this machine."""
    processes = {}
    for name in [name for name in PROCESSES if name in options.contenders]:
        if name == "vllm" and not options.vllm_python:
            print("vllm: skipped, no --vllm-python")
            continue
        try:
            processes[name] = start_process(PROCESSES[name], generate=generate, folder=folder, options=options)
            print(f"{name} is ready {time.monotonic() - STARTED:.0f} seconds after the start", flush=True)
        except (RuntimeError, OSError) as error:
            print(f"{name}: does not run on this machine: {error}")
    return processes


def take_turns(contenders: dict[str, Callable[[], float]], options: argparse.Namespace) -> dict[str, list[float]]:
    """Rates by contender; one that fails is reported and left out from then on."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    finished = 0
    while finished < options.repetitions and (not finished or time.monotonic() - STARTED < options.seconds):
        for name in [name for name in contenders if name in rates]:
            try:
                rates[name].append(contenders[name]())
                print(f"turn {finished + 1}, {name}: {rates[name][-1]:.1f} tokens/s", flush=True)
            except RuntimeError as error:
                print(f"{name}: left out: {error}")
                del rates[name]
        finished += 1
    return rates


def peak_memory() -> int:
    """Peak memory in bytes so far, of the CUDA device or else of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return peak_resident()


def report(rates: dict[str, list[float]], facts: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the table and the JSON line."""
    medians = {name: statistics.median(each) for name, each in rates.items()}
    ours = medians[OURS]
    for name, rate in medians.items():
        spread = " ".join(f"{each:.1f}" for each in rates[name])
        print(f"{name:22} {rate:9.1f} tokens/s ({spread}); this engine is {ours / rate:6.2f} times as fast")
    if SINGLE in medians:
        print(f"{SINGLE} decoded {options.sample} evenly spaced candidates; its rate is measured on those")

    def ratio(*names: str) -> float | None:
        known = [medians[name] for name in names if name in medians]
        return round(ours / max(known), 3) if known else None

    own = options.workload in ("uniform", "long") and options.model is None
    standard = f"random Llama, {options.shape}" if own else "SmolLM2-135M-Instruct"
    cuda = options.device == "cuda"
    print(
        json.dumps(
            {
                "tokens_per_second": {name: round(rate, 1) for name, rate in medians.items()},
                "ratio_vs_generate_single": ratio(SINGLE),
                "ratio_vs_generate_batched": ratio(*BATCHED),
                "ratio_vs_continuous_batching": ratio("continuous_batching"),
                "ratio_vs_vllm": ratio("vllm"),
                "fraction_of_matmul_limit": ratio(MATMULS),
                "fraction_of_bandwidth_limit": ratio(MEMORY_READS),
                "tokens_equal": None,
                "share_equal": None,
                **facts,
                "model": options.model.name if options.model else standard,
                "dtype": options.dtype,
                "device": torch.cuda.get_device_name() if cuda else options.device,
                "threads": torch.get_num_threads(),
                "workload": options.workload,
                "questions": options.questions,
                "branches": 1 if options.workload == "single" else options.branches,
                "repetitions": len(rates[OURS]),
                "sample": options.sample,
            }
        )
    )


if __name__ == "__main__":
    main()
