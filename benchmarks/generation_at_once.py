"""How much faster a CPU decodes several groups at once, one thread each, than one after the other with all threads.

    python benchmarks/generation_at_once.py --model runs/quickstart/round_4/4_model

Word problems with 12 branches each, in groups of 20, with the limits of ``generation=short``. Both ways take turns in one run.
Seconds of each turn are reported, and the ratio of the medians. The last line is one JSON object.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from generation_workloads import Workload, make_workload, prepare_model

from thoughtrank.engines.protocol import GenerationRequest
from thoughtrank.engines.transformers import TransformersEngine

_BRANCHES = 12
_QUESTIONS = 20
_NEW_TOKENS = 80


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of a model; the default is SmolLM2-135M-Instruct")
    parser.add_argument("--groups", type=int, default=4, help="of 20 questions")
    parser.add_argument("--at-once", type=int, default=min(4, torch.get_num_threads()), help="groups decoded at once")
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.model or Path(name)
        if options.model is None:
            prepare_model(folder, workload="real", shape="79m")
        workload = make_workload(
            "real", folder=folder, questions=options.groups * _QUESTIONS, branches=_BRANCHES, new_tokens=_NEW_TOKENS
        )
        requests = workload.requests
        groups = [requests[start : start + _QUESTIONS] for start in range(0, len(requests), _QUESTIONS)]
        seconds: dict[int, list[float]] = {1: [], options.at_once: []}
        for _ in range(options.turns):
            for at_once, taken in seconds.items():
                taken.append(turn_seconds(folder, groups, workload=workload, at_once=at_once))
                print(f"{at_once} at once: {taken[-1]:.1f} s", flush=True)
    one, several = (statistics.median(taken) for taken in seconds.values())
    print(json.dumps({"threads": torch.get_num_threads(), "seconds": seconds, "times_as_fast": one / several}))


def turn_seconds(
    folder: Path, groups: Sequence[Sequence[GenerationRequest]], *, workload: Workload, at_once: int
) -> float:
    """Seconds of decoding all groups, after each session has decoded one question."""
    with TransformersEngine(device="cpu", devices=at_once).open(folder) as session:
        for _ in session.generate_groups([groups[0][:1]] * at_once, limits=workload.limits):
            pass
        started = time.perf_counter()
        for _ in session.generate_groups(groups, limits=workload.limits):
            pass
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
