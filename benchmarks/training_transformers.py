"""TRL's SFTTrainer and transformers' Trainer as contenders of ``training.py``: ``training_transformers.py JOB.json trl|plain``.

Each runs with its own defaults, except for the settings the comparison fixes. Imports nothing from this project.
"""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from training_turns import FinishedError, Turns, send_results
from transformers import AutoModelForCausalLM, AutoTokenizer, DataCollatorForSeq2Seq, Trainer, TrainerCallback
from transformers import TrainingArguments as Arguments


class InTurns(TrainerCallback):
    """Waits for its turn at the start of each step."""

    def __init__(self) -> None:
        self._turns = Turns()

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """See ``TrainerCallback``."""
        self._turns.before_forward_pass()


def shared_arguments(job: dict[str, Any]) -> dict[str, Any]:
    """Settings of both trainers: one step is one epoch, with this project's optimizer settings."""
    return {
        "output_dir": job["work"],
        "use_cpu": not torch.cuda.is_available(),
        "bf16": True,
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_steps": 1,
        "max_steps": job["steps"],
        "learning_rate": job["lr"],
        "lr_scheduler_type": "constant",
        "optim": "adamw_torch_fused",
        "adam_beta1": job["betas"][0],
        "adam_beta2": job["betas"][1],
        "max_grad_norm": 1.0,
    }


def plain_trainer(job: dict[str, Any], model: Any) -> Trainer:
    """Padded batches of token ids, labels on the completion only."""
    data = []
    for ids, first_target in job["encoded"]:
        labels = [-100] * first_target + ids[first_target:]
        data.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels})
    longest = max(len(row["input_ids"]) for row in data)
    size = max(1, min(len(data), job["tokens_per_pass"] // longest))
    arguments = Arguments(
        **shared_arguments(job), per_device_train_batch_size=size, gradient_accumulation_steps=-(-len(data) // size)
    )
    collator = DataCollatorForSeq2Seq(AutoTokenizer.from_pretrained(job["model"]))
    return Trainer(model=model, args=arguments, train_dataset=data, data_collator=collator, callbacks=[InTurns()])


def trl_trainer(job: dict[str, Any], model: Any) -> Trainer:
    """Packed rows of at most 1024 tokens, two per forward pass, labels on the completion only."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    data = Dataset.from_list([{"prompt": row["prompt"], "completion": row["completion"]} for row in job["rows"]])
    settings: dict[str, Any] = {"packing": True, "completion_only_loss": True, **job["trl"]}
    size = max(1, job["tokens_per_pass"] // 1024)

    def build(accumulation: int) -> Any:
        config = SFTConfig(
            **shared_arguments(job),
            **settings,
            per_device_train_batch_size=size,
            gradient_accumulation_steps=accumulation,
        )
        return SFTTrainer(model=model, args=config, train_dataset=data, callbacks=[InTurns()])

    # The number of packed rows is known only after a trainer has packed them.
    return build(-(-len(build(1).train_dataset) // size))


def main() -> None:
    """Run the job file."""
    job = json.loads(Path(sys.argv[1]).read_text())
    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32)
    trainer = {"trl": trl_trainer, "plain": plain_trainer}[sys.argv[2]](job, model)
    with suppress(FinishedError):
        trainer.train()
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    send_results({"losses": losses})


if __name__ == "__main__":
    main()
