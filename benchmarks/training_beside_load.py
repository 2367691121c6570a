"""How much slower training becomes beside another busy process, with OpenMP threads that always spin and with ours.

    python benchmarks/training_beside_load.py --model FOLDER

Contenders train the same model on the same examples, each in its own process: ``spin`` with the default settings of GNU's
OpenMP runtime, ``this`` with threads that spin on a quiet machine only. They take turns, one step each and every other time
in reverse order, first on the quiet machine and then beside one process with ``--busy-threads`` threads that multiply
matrices. That process is suspended in the quiet turns, so that both kinds of turns alternate and other load on the machine
reaches all alike. ``slowdown`` is the median
step beside the busy process over the median quiet one; ``quiet_ratio`` is the quiet step of ``this`` over that of ``spin``. The
last line is one JSON object.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from training_turns import Contender
from training_workloads import make_examples
from transformers import AutoTokenizer

from thoughtrank.process.openmp import WAIT_SETTINGS
from thoughtrank.prompting.chat_template import ChatTemplate

SPIN, THIS = "spin", "this"
QUIET, BUSY = "quiet", "busy"
ALWAYS_SPIN = {"GOMP_SPINCOUNT": "300000"}
"""The runtime's default, given as a setting, which is kept."""

_HERE = Path(__file__).parent
_LOAD = (
    "import sys, torch; torch.set_num_threads(int(sys.argv[1])); a = torch.randn(512, 512)\n"
    "print('ready', flush=True)\n"
    "while True: a @ a"
)

Seconds = dict[str, dict[str, list[float]]]
"""By contender, then ``quiet`` or ``busy``: one entry per step."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--steps", type=int, default=5, help="timed optimizer steps of each contender, quiet and busy")
    parser.add_argument("--busy-threads", type=int, default=os.cpu_count() or 1, help="threads of the busy process")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, busy_process(options.busy_threads) as load:
        contenders: dict[str, Contender] = {}
        try:
            for name, environment in ((SPIN, ALWAYS_SPIN), (THIS, {})):
                contenders[name] = start(options, environment=environment, work=Path(folder) / name)
            seconds = take_turns(contenders, load=load, steps=options.steps)
        finally:
            for contender in contenders.values():
                contender.stop()
    print(json.dumps({"threads": os.cpu_count(), "busy_threads": options.busy_threads, **summary(seconds)}))


@contextmanager
def busy_process(threads: int) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps this many cores busy; suspended at first."""
    load = subprocess.Popen([sys.executable, "-c", _LOAD, str(threads)], stdout=subprocess.PIPE, text=True)
    try:
        assert load.stdout is not None
        load.stdout.readline()
        load.send_signal(signal.SIGSTOP)
        yield load
    finally:
        load.kill()
        load.wait()


def start(options: argparse.Namespace, *, environment: Mapping[str, str], work: Path) -> Contender:
    """Start the training with these settings of the OpenMP runtime, and wait until it is ready for its first step."""
    work.mkdir()
    job = {
        "model": str(options.model),
        "rows": make_examples("short", ChatTemplate(AutoTokenizer.from_pretrained(options.model))),
        "steps": 2 * options.steps + 3,  # two for warm-up, and one that starts but never runs
        "lr": 1e-4,
        "betas": [0.9, 0.95],
        "micro_batch_size": 8,
        "gradient_checkpointing": False,
        "compile": False,
        "work": str(work),
    }
    (work / "job.json").write_text(json.dumps(job))
    unset = [argument for name in WAIT_SETTINGS for argument in ("-u", name)]
    settings = [f"{name}={value}" for name, value in environment.items()]
    program = [sys.executable, str(_HERE / "training_thoughtrank.py"), str(work / "job.json")]
    contender = Contender(["env", *unset, *settings, *program], log=work / "log.txt")
    contender.wait_until_ready()
    return contender


def take_turns(contenders: dict[str, Contender], *, load: subprocess.Popen[str], steps: int) -> Seconds:
    """Seconds of every timed step."""
    seconds: Seconds = {name: {QUIET: [], BUSY: []} for name in contenders}
    for turn in range(steps + 1):
        for state, number in ((QUIET, signal.SIGSTOP), (BUSY, signal.SIGCONT)):
            load.send_signal(number)
            order = list(contenders.items())
            for name, contender in order if turn % 2 else order[::-1]:
                taken = contender.step()
                print(f"{state} {name} {taken:.2f} s", flush=True)
                if turn:
                    seconds[name][state].append(taken)
        load.send_signal(signal.SIGSTOP)
    return seconds


def summary(seconds: Seconds) -> dict[str, object]:
    """Medians, and their ratios."""
    medians = {
        name: {state: statistics.median(each) for state, each in states.items()} for name, states in seconds.items()
    }
    return {
        "seconds_per_step": {
            name: {state: round(each, 3) for state, each in states.items()} for name, states in medians.items()
        },
        "slowdown": {name: round(states[BUSY] / states[QUIET], 2) for name, states in medians.items()},
        "quiet_ratio": round(medians[THIS][QUIET] / medians[SPIN][QUIET], 3),
    }


if __name__ == "__main__":
    main()
