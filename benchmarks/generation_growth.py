"""How this engine's cost grows with the number of questions and of branches, in one run.

    python benchmarks/generation_growth.py --new-tokens 32

The workload is ``uniform`` of ``generation.py`` on its random 79 M Llama: prompts of 128 tokens, no early stop. Questions
are processed in the groups of a run. The sizes take turns; median seconds and the time per candidate are reported. The last
line is one JSON object.
"""

import argparse
import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from generation_contenders import ThisEngine
from generation_workloads import make_workload, prepare_model

from thoughtrank.output.library_logging import silence_library_logs

SIZES = [(1, 62), (4, 62), (16, 62), (64, 62), (4, 8), (4, 248)]
"""Number of questions, and of branches per question."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--new-tokens", type=int, default=64, help="per branch")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3600, help="start no new round after this many seconds")
    options = parser.parse_args()
    options.token_budget = "auto"
    silence_library_logs()
    started = time.monotonic()
    seconds: dict[tuple[int, int], list[float]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare_model(folder, workload="uniform", shape="79m")
        for turn in range(options.repetitions):
            if turn and time.monotonic() - started > options.seconds:
                break
            for size in SIZES:
                seconds[size].append(turn_seconds(folder, size, options))
                print(f"{size[0]:3} questions, {size[1]:3} branches: {seconds[size][-1]:.2f} s", flush=True)
    report(seconds, options)


def turn_seconds(folder: Path, size: tuple[int, int], options: argparse.Namespace) -> float:
    """Seconds of decoding a workload of that size once, after warming up with one group."""
    questions, branches = size
    make = partial(make_workload, "uniform", folder=folder, branches=branches)
    engine = ThisEngine(folder, workload=make(questions=questions, new_tokens=options.new_tokens), options=options)
    # A whole group: the first access to the memory it allocates can take seconds.
    engine.warm(make(questions=min(questions, 8), new_tokens=options.new_tokens))
    started = time.perf_counter()
    engine.decode()
    return time.perf_counter() - started


def report(seconds: dict[tuple[int, int], list[float]], options: argparse.Namespace) -> None:
    """Print the table and the JSON line."""
    rows = []
    for (questions, branches), each in seconds.items():
        median = statistics.median(each)
        per_candidate = 1000 * median / (questions * branches)
        rows.append({"questions": questions, "branches": branches, "seconds": round(median, 3)})
        print(f"{questions:3} questions x {branches:3} branches {median:8.2f} s {per_candidate:8.2f} ms per candidate")
    facts = {"sizes": rows, "new_tokens": options.new_tokens, "dtype": options.dtype, "device": options.device}
    turns = len(next(iter(seconds.values())))
    print(json.dumps({**facts, "threads": torch.get_num_threads(), "repetitions": turns}))


if __name__ == "__main__":
    main()
