"""A part of ``gpu.py``: one round of the real pipeline with a tiny model, in two number formats of the trained weights.

The run's own records must say that generation, evaluation and training used the device; a part that fails exits with 1.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gpu_common import Part, parse_part

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ("fp32_master", "bf16_kahan")
_LAST_LINES = 12


def overrides(part: Part, *, weights: str) -> list[str]:
    """The config of the run: seconds of work, but every stage."""
    return [
        "model=tiny",
        "judge=fake",
        "logger=none",
        "prefixes=digits",
        "rounds=1",
        "questions.train_per_round=4",
        "questions.held_out=4",
        "questions.held_out_unseen=0",
        "generation.thought_tokens=12",
        "generation.answer_tokens=8",
        "evaluation.reply_tokens=8",
        "selection.allow_truncated=true",  # a random model does not end its turns
        "training.min_steps=4",
        "controls=[]",  # more of the same trainings
        f"training.weights={weights}",
        f"engine.device={part.device}",
        f"strategy.accelerator={part.device}",
        f"runs_dir={part.work / 'runs'}",
        f"cache_dir={part.work / 'cache'}",
        f"run={weights}",
    ]


def run_pipeline(part: Part, *, weights: str) -> dict[str, object]:
    """Run ``train.py``; its figures.

    Raises:
        AssertionError: it failed, or something did not run where it should have.
    """
    started = time.monotonic()
    log = part.work / f"pipeline_{weights}.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "train.py"), *overrides(part, weights=weights)],
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "CI": "1"},
        )
        try:
            status: int | str = process.wait(timeout=max(1.0, part.patience()))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            status = "it took too long"
    seconds = time.monotonic() - started
    assert status == 0, "\n".join([f"train.py: {status}", *log.read_text().splitlines()[-_LAST_LINES:]])
    run = part.work / "runs" / weights
    found = last_step(run)
    check_devices(part, run, weights=weights, memory_gb=found["training_memory_gb"])
    return {"pipeline_seconds": seconds, "stages": stage_seconds(run), **found}


def check_devices(part: Part, run: Path, *, weights: str, memory_gb: float) -> None:
    """Assert that generation, evaluation and training ran on the device.

    Raises:
        AssertionError: one of them did not.
    """
    candidates = json.loads((run / "round_1" / "1_candidates" / "_engine.json").read_text())
    replies = json.loads((run / "round_1" / "5_replies" / "_done.json").read_text())["facts"]["engine"]
    for engine in (candidates, replies):
        assert engine["device"] == part.device, engine
    facts = json.loads((run / "round_1" / "4_model" / "_training.json").read_text())
    assert facts["weights"] == weights, facts
    assert facts["strategy_of_lightning"] == "SingleDeviceStrategy", facts
    assert str(facts["device"]).startswith(part.device), facts
    if part.on_card:
        assert facts["precision"] == ("bf16-mixed" if weights == "fp32_master" else "bf16-true"), facts
        # The tiny model takes megabytes on the device; on the CPU this figure is the memory of the whole process.
        assert 0 < memory_gb < 0.7, memory_gb


def stage_seconds(run: Path) -> dict[str, float]:
    """Seconds of each stage of the round, as the run reports them; a stage that an earlier run has done keeps its seconds."""
    rounds = json.loads((run / "summary.json").read_text())["rounds"]
    return {**rounds[1]["seconds"], "evaluation of round 0": rounds[0]["seconds"]["evaluation"]}


def last_step(run: Path) -> dict[str, Any]:
    """What the training itself measured in its last step."""
    row = json.loads((run / "round_1" / "4_model" / "_metrics.jsonl").read_text().splitlines()[-1])
    return {"loss": row["loss"], "training_memory_gb": row["memory_gb"]}


def main() -> None:
    """Run the settings, the second one also when the first one fails."""
    part = parse_part("pipeline")
    failed = False
    for weights in WEIGHTS[: part.variants]:
        try:
            part.emit(weights=weights, **run_pipeline(part, weights=weights))
        except AssertionError as error:
            failed = True
            part.emit(weights=weights, error=str(error))
    sys.exit(failed)


if __name__ == "__main__":
    main()
