"""Completion tokens per second and peak memory of TRL's SFTTrainer, transformers' Trainer, and this project.

    python benchmarks/training.py --model FOLDER --workload short --trl-python .venv-trl/bin/python

Each contender trains the same model on the same examples with the same AdamW settings, in its own process. One step is one
epoch, so losses can be compared step by step although the contenders batch the examples differently; the script fails if they
differ by more than 1 %. The contenders take turns, one step each, and medians are reported. TRL and this project pack,
transformers' Trainer pads; each has at most about 2048 tokens in a forward pass. The last line is one JSON object.

Workloads: ``short``: 20 prompts of about 60 tokens with one completion of about 35 tokens each. ``shared``: 2 prompts of 512
tokens with 4 completions each. ``fraction_of_matmul_limit`` is the time of the matmuls of this project's step (every linear
layer, forward and backward, bf16; the output layer on the targets only) as a fraction of the whole step.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training_turns import Contender
from training_workloads import make_examples, timed_matmuls
from transformers import AutoTokenizer

from thoughtrank.finetuning.batching.examples import EncodedExample, encode_example
from thoughtrank.finetuning.batching.packing import pack
from thoughtrank.prompting.chat_template import ChatTemplate

TRL, PLAIN, THIS = "trl_sft", "hf_trainer", "this"
TOKENS_PER_PASS = 2048
_MAX_LOSS_DIFFERENCE = 0.01
_HERE = Path(__file__).parent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--workload", choices=["short", "shared"], required=True)
    parser.add_argument("--trl-python", type=Path, required=True, help="python of an environment with trl")
    parser.add_argument("--steps", type=int, default=5, help="timed optimizer steps of each contender")
    parser.add_argument(
        "--micro-batch-size",
        type=int,
        help="training.micro_batch_size of this project; by default as many examples as fit 2048 tokens",
    )
    parser.add_argument(
        "--gradient-checkpointing", action="store_true", help="training.gradient_checkpointing of this project"
    )
    parser.add_argument("--compile", action="store_true", help="training.compile of this project")
    parser.add_argument(
        "--trl",
        type=json.loads,
        default={},
        help="settings of SFTConfig, such as '{\"gradient_checkpointing\": false}'",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Let the contenders take turns, and report."""
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    rows = make_examples(options.workload, ChatTemplate(tokenizer))
    encoded = [encode_example(prompt=row["prompt"], completion=row["completion"], tokenizer=tokenizer) for row in rows]
    size = options.micro_batch_size or _max_micro_batch(encoded, tokens=TOKENS_PER_PASS)
    job = {
        "model": str(options.model),
        "rows": rows,
        "encoded": [(list(each.token_ids), each.first_target) for each in encoded],
        "steps": options.steps + 2,  # one for warm-up, and one that starts but never runs
        "lr": 1e-4,
        "betas": [0.9, 0.95],
        "tokens_per_pass": TOKENS_PER_PASS,
        "micro_batch_size": size,
        "gradient_checkpointing": options.gradient_checkpointing,
        "compile": options.compile,
        "trl": options.trl,
    }
    targets = sum(each.num_targets for each in encoded)
    tokens = len(pack(encoded).token_ids)
    print(f"{options.workload}: {len(rows)} examples, {targets} completion tokens, {tokens} tokens packed", flush=True)
    matmuls = timed_matmuls(options.model, tokens=tokens, targets=targets)
    contenders: dict[str, Contender] = {}
    try:
        for name, program in (
            (TRL, [str(options.trl_python), str(_HERE / "training_transformers.py"), "trl"]),
            (PLAIN, [sys.executable, str(_HERE / "training_transformers.py"), "plain"]),
            (THIS, [sys.executable, str(_HERE / "training_thoughtrank.py")]),
        ):
            contenders[name] = start(program, job=job, work=folder / name)
        seconds = take_turns(contenders, matmuls=matmuls, steps=options.steps)
        facts = {name: contender.finish() for name, contender in contenders.items()}
    finally:
        for contender in contenders.values():
            contender.stop()
    report(seconds, facts, targets=targets, micro_batch_size=size, options=options)


def _max_micro_batch(examples: list[EncodedExample], *, tokens: int) -> int:
    """The largest micro-batch size at which any consecutive examples pack into ``tokens`` tokens."""

    def fits(size: int) -> bool:
        packs = [examples[start : start + size] for start in range(len(examples) - size + 1)]
        return all(len(pack(each).token_ids) <= tokens for each in packs)

    return next((size for size in range(len(examples), 1, -1) if fits(size)), 1)


def start(program: list[str], *, job: dict[str, Any], work: Path) -> Contender:
    """Start a contender, and wait until it is ready for its first step."""
    work.mkdir()
    file = work / "job.json"
    file.write_text(json.dumps({**job, "work": str(work)}))
    contender = Contender([*program[:2], str(file), *program[2:]], log=work / "log.txt")
    contender.wait_until_ready()
    return contender


def take_turns(contenders: dict[str, Contender], *, matmuls: Callable[[], float], steps: int) -> dict[str, list[float]]:
    """Seconds of every timed step, and of the matmuls alone."""
    seconds: dict[str, list[float]] = {name: [] for name in (*contenders, "matmuls")}
    for turn in range(steps + 1):
        taken = {name: contender.step() for name, contender in contenders.items()} | {"matmuls": matmuls()}
        print("  ".join(f"{name} {each:.2f} s" for name, each in taken.items()), flush=True)
        if turn:
            for name, each in taken.items():
                seconds[name].append(each)
    return seconds


def report(
    seconds: dict[str, list[float]],
    facts: dict[str, dict[str, Any]],
    *,
    targets: int,
    micro_batch_size: int,
    options: argparse.Namespace,
) -> None:
    """Print the table and the JSON line.

    Raises:
        SystemExit: the losses differ.
    """
    step = {name: statistics.median(each) for name, each in seconds.items()}
    for name, each in facts.items():
        print(
            f"{name:12} {targets / step[name]:8.1f} completion tokens/s  {each['peak_bytes'] / 1e9:5.2f} GB  "
            f"losses {' '.join(f'{loss:.4f}' for loss in each['losses'])}"
        )
    columns = zip(*(each["losses"] for each in facts.values()), strict=True)
    difference = max((max(losses) - min(losses)) / min(losses) for losses in columns)
    if difference > _MAX_LOSS_DIFFERENCE:
        raise SystemExit(f"the losses differ by {difference:.1%}: the contenders do not compute the same")
    figures = {
        "workload": options.workload,
        "ratio_vs_trl_sft": round(step[TRL] / step[THIS], 2),
        "ratio_vs_hf_trainer": round(step[PLAIN] / step[THIS], 2),
        "memory_ratio_vs_trl": round(facts[THIS]["peak_bytes"] / facts[TRL]["peak_bytes"], 3),
        "fraction_of_matmul_limit": round(step["matmuls"] / step[THIS], 3),
        "completion_tokens_per_second": {name: round(targets / step[name], 1) for name in facts},
        "peak_gb": {name: round(each["peak_bytes"] / 1e9, 2) for name, each in facts.items()},
        "loss_difference": round(difference, 4),
        "steps": options.steps,
        "micro_batch_size": micro_batch_size,
        "gradient_checkpointing": options.gradient_checkpointing,
        "trl_settings": options.trl,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
