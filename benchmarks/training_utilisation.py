"""Model FLOPs utilisation (MFU) and peak memory when training random weights in the shape of Llama 3.2 3B.

    python benchmarks/training_utilisation.py --strategy auto
    python benchmarks/training_utilisation.py --strategy deepspeed_zero2 --devices 2

Meant for CUDA devices with 80 GB; ``--shape tiny --sequence 256`` runs anywhere. Every example is one sequence of the given
length with loss on all but its first token, and a forward pass processes one. The last line is one JSON object; ``mfu`` is
the median of ``_metrics.jsonl`` over the steps after the first two.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch
from generation_workloads import SHAPES
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from thoughtrank.finetuning.distributed.process_launcher import LaunchConfig, run_ranks
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.models.tiny import TinyModel
from thoughtrank.records import Example
from thoughtrank.storage.tables import write_part

TINY = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1024,
}
STRATEGIES: dict[str, dict[str, Any]] = {
    "auto": {"_target_": "thoughtrank.finetuning.strategies.AutoStrategy"},
    "ddp": {"_target_": "thoughtrank.finetuning.strategies.DDPStrategy"},
    "fsdp": {"_target_": "thoughtrank.finetuning.strategies.FSDPStrategy"},
    "deepspeed_zero2": {"_target_": "thoughtrank.finetuning.strategies.DeepSpeedStrategy", "stage": 2},
    "deepspeed_zero3": {"_target_": "thoughtrank.finetuning.strategies.DeepSpeedStrategy", "stage": 3},
}


def main() -> None:
    """Train, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=["3b", "tiny"], default="3b")
    parser.add_argument("--sequence", type=int, default=4096, help="tokens per example")
    parser.add_argument("--strategy", choices=sorted(STRATEGIES), default="auto")
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--accelerator", default="auto", help="cpu runs a strategy on CPU processes")
    parser.add_argument(
        "--weights", choices=["fp32_master", "bf16_kahan", "bf16"], default="bf16_kahan", help="DeepSpeed: fp32_master"
    )
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=4, help="sequences per optimizer step and device")
    parser.add_argument("--no-gradient-checkpointing", action="store_true")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    if options.strategy.startswith(("deepspeed", "fsdp")):
        options.weights = "fp32_master"
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Create model and examples, train, and report."""
    model = write_model(folder / "model", shape=TINY if options.shape == "tiny" else SHAPES["3b"])
    write_examples(
        folder / "examples", model=model, sequence=options.sequence, number=options.batch_size * options.devices
    )
    work = folder / "work"
    work.mkdir()
    path = work / "_job.yaml"
    job(options, model=model, examples=folder / "examples", work=work).write(path)
    run_ranks(path, launch=LaunchConfig(devices=options.devices))
    rows = [json.loads(line) for line in (work / "_metrics.jsonl").read_text().splitlines()][2:]
    facts = json.loads((work / "_training.json").read_text())
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    figures = {
        "device": card,
        "shape": options.shape,
        "sequence": options.sequence,
        "strategy": options.strategy,
        "world_size": facts["world_size"],
        "weights": facts["weights"],
        "precision": facts["precision"],
        "gradient_checkpointing": not options.no_gradient_checkpointing,
        "mfu": statistics.median(row["mfu"] for row in rows),
        "tokens_per_second": statistics.median(row["tokens_per_second"] for row in rows),
        "peak_memory_gb": max(row["memory_gb"] for row in rows),
    }
    print(json.dumps(figures))


def write_model(folder: Path, *, shape: dict[str, int]) -> Path:
    """Write random bf16 weights of that shape, with a small tokenizer."""
    TinyModel().write(folder)
    for file in folder.glob("*.safetensors"):
        file.unlink()
    config = LlamaConfig(**shape, max_position_embeddings=131072, tie_word_embeddings=True)  # type: ignore[arg-type]
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        LlamaForCausalLM(config).save_pretrained(folder)
    finally:
        torch.set_default_dtype(default)
    return folder


def write_examples(folder: Path, *, model: Path, sequence: int, number: int) -> None:
    """Write different texts of exactly ``sequence`` tokens."""
    folder.mkdir()
    tokenizer = AutoTokenizer.from_pretrained(model)
    rows = []
    for index in range(number):
        ids = tokenizer("".join(f"{index} and {each}. " for each in range(sequence)))["input_ids"][:sequence]
        text = str(tokenizer.decode(ids))
        rows.append(Example(question_id=f"q{index}", candidate_id=f"c{index}", prompt=text[:1], completion=text[1:]))
    write_part(folder / "part-00000.parquet", rows, record_type=Example)


def job(options: argparse.Namespace, *, model: Path, examples: Path, work: Path) -> TrainingJob:
    """The training job, with one sequence per forward pass."""
    strategy = {**STRATEGIES[options.strategy], "accelerator": options.accelerator, "devices": options.devices}
    return TrainingJob(
        model=str(model),
        examples=(str(examples),),
        output=str(work / "model"),
        work=str(work),
        objective={"_target_": "thoughtrank.finetuning.objectives.SupervisedFineTuning"},
        optimizer={"_target_": "thoughtrank.finetuning.optimizers.adamw.AdamW", "lr": 1e-5},
        adapter={"_target_": "thoughtrank.finetuning.adapters.NoAdapter"},
        strategy=strategy,
        weights=options.weights,
        epochs=options.steps,
        min_steps=0,
        batch_size=options.batch_size * options.devices,
        micro_batch_size=1,
        shuffle="examples",
        packing=True,
        gradient_checkpointing=not options.no_gradient_checkpointing,
        compile=options.compile,
        max_gradient_norm=1.0,
        precision="auto",
        checkpoint_minutes=0.0,
        seed=0,
        log_every=1,
        description="training",
    )


if __name__ == "__main__":
    main()
