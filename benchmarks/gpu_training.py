"""A part of ``gpu.py``: steps of real training processes, in the settings that matter.

A training is ended as soon as it has made its steps, before it would save the model.
"""

import contextlib
import dataclasses
import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from gpu_common import NO_TIME, Part, parse_part, random_model, words
from gpu_generation import guarded

from thoughtrank.finetuning.adapters import NoAdapter
from thoughtrank.finetuning.distributed.process_launcher import LaunchConfig, run_ranks
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.memory.peak import peak_memory
from thoughtrank.finetuning.memory.setup import TrainingParts, training_setup
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.strategies import AutoStrategy
from thoughtrank.finetuning.weight_formats import Weights
from thoughtrank.models.hardware import cuda_memory
from thoughtrank.records import Example
from thoughtrank.storage.tables import write_part

_WARM_STEPS = 2
_STEPS = 7
_NEVER_REACHED = 100
_NEEDED_SECONDS = {"cuda": 25.0, "cpu": 12.0}
"""To begin a variant: it has to load libraries and model first."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Settings of a training.

    Attributes:
        name: printed.
        weights: number format.
        checkpointing: recompute activations.
        examples: per step; short ones, unless there is only one, which fills the micro-batch.
        sequences: tokens per forward pass, in sequences of the shape; 0 for one example.
        without: kernels that are not used; see ``gpu_profiled_objective``.
    """

    name: str
    weights: Weights
    checkpointing: bool
    examples: int = 1
    sequences: int = 1
    without: tuple[str, ...] = ()

    def limits(self, part: Part) -> dict[str, int | None]:
        """Of a micro-batch, as the job has them."""
        tokens = self.sequences * part.shape.sequence
        return {"micro_batch_size": self.examples if tokens else 1, "micro_batch_tokens": tokens or None}

    def passes(self, part: Part) -> int:
        """Forward passes of a step; the last token of an example is not computed."""
        if not self.sequences:
            return self.examples
        most = max(1, self.sequences * part.shape.sequence // (self.length(part) - 1))
        return -(-self.examples // most)

    def length(self, part: Part) -> int:
        """Tokens of each example."""
        return part.shape.sequence if self.examples == 1 else part.shape.example_tokens


VARIANTS = (
    Variant("bf16_kahan", weights="bf16_kahan", checkpointing=False),
    Variant("bf16_kahan, short examples packed", weights="bf16_kahan", checkpointing=False, examples=10),
    Variant("fp32_master", weights="fp32_master", checkpointing=False),
    Variant("fp32_master, 16 short examples", weights="fp32_master", checkpointing=False, examples=16),
    Variant("bf16_kahan, twice the tokens", weights="bf16_kahan", checkpointing=False, examples=20, sequences=2),
    Variant("fp32_master, checkpointing", weights="fp32_master", checkpointing=True),
    Variant("bf16_kahan, short examples singly", weights="bf16_kahan", checkpointing=False, examples=10, sequences=0),
    Variant("fp32_master, checkpointing, autocast", weights="fp32_master", checkpointing=True, without=("masters",)),
    Variant("bf16_kahan, checkpointing", weights="bf16_kahan", checkpointing=True),
    Variant("bf16_kahan, without liger-kernel", weights="bf16_kahan", checkpointing=False, without=("liger",)),
    Variant("bf16_kahan, without flash", weights="bf16_kahan", checkpointing=False, without=("flash",)),
    Variant("bf16_kahan, without the loss kernel", weights="bf16_kahan", checkpointing=False, without=("loss",)),
)


class EnoughStepsError(Exception):
    """The training has made its steps."""


def write_examples(part: Part, folder: Path, *, variant: Variant) -> None:
    """Random words, all but the first to be learned."""
    folder.mkdir(parents=True)
    length = variant.length(part)
    rows = []
    for number in range(variant.examples):
        texts = words(length, start=number * length, vocabulary=part.shape.config["vocab_size"])
        completion = " " + " ".join(texts[1:])
        rows.append(Example(f"q{number}", f"c{number}", texts[0], completion))
    write_part(folder / "part-00000.parquet", rows, record_type=Example)


def job_of(part: Part, *, variant: Variant, work: Path) -> TrainingJob:
    """The job; fields that this script does not name keep the defaults of the class, if it has any."""
    calls = variant.passes(part)
    profiled = {
        "_target_": "gpu_profiled_objective.ProfiledFineTuning",
        "path": str(work / "profile.json"),
        "first_call": (_STEPS - 2) * calls,
        "calls": calls,
        "without": list(variant.without),
    }
    values: dict[str, Any] = {
        "model": str(random_model(part)),
        "examples": (str(work / "examples"),),
        "output": str(work / "model"),
        "work": str(work),
        "objective": profiled,
        "optimizer": {"_target_": "thoughtrank.finetuning.optimizers.adamw.AdamW", "lr": 1e-5},
        "adapter": {"_target_": "thoughtrank.finetuning.adapters.NoAdapter"},
        "strategy": {"_target_": "thoughtrank.finetuning.strategies.AutoStrategy", "accelerator": part.device},
        "weights": variant.weights,
        "epochs": _NEVER_REACHED,
        "min_steps": 0,
        "batch_size": variant.examples,
        **variant.limits(part),
        "shuffle": "examples",
        "packing": True,
        "gradient_checkpointing": variant.checkpointing,
        "compile": False,
        "max_gradient_norm": 1.0,
        "precision": "auto",
        "checkpoint_minutes": 0.0,
        "seed": 0,
        "log_every": 1,
        "description": variant.name,
    }
    known = {field.name for field in dataclasses.fields(TrainingJob)}
    return TrainingJob(**{name: value for name, value in values.items() if name in known})


def train(part: Part, *, variant: Variant) -> dict[str, object]:
    """Train, and return the figures of the steps between those that warm up and the one that is profiled."""
    work = part.work / f"training_{VARIANTS.index(variant)}"
    write_examples(part, work / "examples", variant=variant)
    path, metrics = work / "_job.yaml", work / "_metrics.jsonl"
    job_of(part, variant=variant, work=work).write(path)
    started, first_step = time.monotonic(), 0.0

    def check() -> None:
        nonlocal first_step
        rows = rows_of(metrics)
        first_step = first_step or (time.monotonic() - started if rows else 0.0)
        if len(rows) >= _STEPS or part.patience() < 0:
            raise EnoughStepsError

    with contextlib.suppress(EnoughStepsError):
        run_ranks(path, launch=LaunchConfig(), check=check)
    rows = rows_of(metrics)[:_STEPS]
    kept = rows[_WARM_STEPS : _STEPS - 2]
    profile = work / "profile.json"
    return {
        "seconds_to_first_step": first_step,
        "steps": len(rows),
        **(rates(part, kept) if kept else {"error": f"{NO_TIME} for a step"}),
        **({"expected_memory_gb": expected_memory(part, variant=variant)} if part.on_card else {}),
        **(json.loads(profile.read_text()) if profile.exists() else {}),
    }


def expected_memory(part: Part, *, variant: Variant) -> float | None:
    """Peak memory by the arithmetic of the plan, in GB; None without the master weights, for which it has no formula."""
    if "masters" in variant.without:
        return None
    tokens = variant.sequences * part.shape.sequence
    parts = TrainingParts(
        optimizer=AdamW(lr=1e-5),
        adapter=NoAdapter(),
        strategy=AutoStrategy(accelerator="cuda"),
        weights=variant.weights,
        precision="auto",
        packing=True,
        compile=False,
        batch_size=variant.examples,
        micro_batch_size=variant.examples if tokens else 1,
        micro_batch_tokens=tokens or None,
        longest_example=variant.length(part) - 1,  # the last token of an example is not computed
    )
    setup = training_setup(
        parts,
        shape=part.shape.decoder,
        device="cuda",
        checkpointing=variant.checkpointing,
        liger=False if "liger" in variant.without else None,
    )
    assert setup is not None
    if "flash" in variant.without:
        setup = dataclasses.replace(setup, layer=dataclasses.replace(setup.layer, attention="repeated"))
    if "loss" in variant.without:
        setup = dataclasses.replace(setup, fused_loss=False)
    return peak_memory(setup).peak / 1e9


def rows_of(metrics: Path) -> list[dict[str, Any]]:
    """The steps that have been logged."""
    if not metrics.exists():
        return []
    return [json.loads(line) for line in metrics.read_text().splitlines(keepends=True) if line.endswith("\n")]


def rates(part: Part, rows: list[dict[str, Any]]) -> dict[str, object]:
    """Throughput and peak memory; model FLOPs are 6 per weight and token, without attention (arXiv 2204.02311)."""
    tokens = median(row["tokens_per_second"] for row in rows)
    flops = 6 * (part.shape.layer_weights + part.shape.head_weights) * tokens
    ceiling = part.ceilings().get("matmul_tflops")
    return {
        "tokens_per_second": tokens,
        "step_ms": 1000 * median(row["seconds"] for row in rows),
        "model_tflops": flops / 1e12,
        "mfu": ceiling and flops / 1e12 / ceiling,
        "mfu_of_training": median(row["mfu"] for row in rows),
        "peak_memory_gb": max(row["memory_gb"] for row in rows),
        "loss": rows[-1]["loss"],
    }


def main() -> None:
    """Train in the variants for which there is time."""
    part = parse_part("training")
    random_model(part)
    if part.on_card:
        import torch

        torch.cuda.empty_cache()
        part.emit(device_memory_gb=(cuda_memory() or 0) / 1e9)
    for variant in VARIANTS[: part.variants]:
        if part.left() < _NEEDED_SECONDS[part.device]:
            part.emit(variant=variant.name, error=NO_TIME)
            continue
        part.emit(variant=variant.name, **guarded(partial(train, part, variant=variant)))


if __name__ == "__main__":
    main()
