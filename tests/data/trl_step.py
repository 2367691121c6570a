"""Runs in TRL's environment: one real step of SFT and one of DPO on exported files. Prints what was read, as JSON.

Arguments: folder of the exported files, folder of a model, folder for what TRL writes.
"""

import json
import sys

from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer


def read(name):
    return load_dataset("json", data_files=f"{data}/{name}.jsonl", split="train", cache_dir=f"{work}/hf")


def trained(trainer_class, config_class, name):
    """Token ids of the rows as the trainer reads them, the loss of one step, and whether weights moved."""
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype="float32")
    before = next(model.parameters()).detach().clone()
    config = config_class(
        output_dir=f"{work}/{name}",
        max_steps=1,
        per_device_train_batch_size=2,
        learning_rate=1e-3,
        lr_scheduler_type="constant",
        use_cpu=True,
        bf16=False,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = trainer_class(model=model, args=config, train_dataset=read(name), processing_class=tokenizer)
    loss = trainer.train().training_loss
    rows = [{key: row[key] for key in row if key.endswith(("_ids", "labels"))} for row in trainer.train_dataset]
    return {"rows": rows, "loss": loss, "moved": bool((next(model.parameters()).detach() != before).any())}


data, model_folder, work = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(model_folder)
results = {
    "messages": trained(SFTTrainer, SFTConfig, "messages"),
    "prompt_completion": trained(SFTTrainer, SFTConfig, "prompt_completion"),
    "preferences": trained(DPOTrainer, DPOConfig, "preferences"),
}
print("\n" + json.dumps(results))
