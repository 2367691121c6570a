"""TRL itself trains on exported files, and reads the token ids that this project trains on."""

import json
import math
import os
import subprocess
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from thoughtrank.data.export_examples import export_data
from thoughtrank.finetuning.batching.examples import encode_example
from thoughtrank.records import Example
from thoughtrank.storage.tables import read_table

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("THOUGHTRANK_TRL_PYTHON") or ROOT / ".venv-trl" / "bin" / "python")


@pytest.mark.slow
@pytest.mark.skipif(
    not PYTHON.exists(),
    reason="no TRL: 'make .venv-trl', or set THOUGHTRANK_TRL_PYTHON to the python of its environment",
)
def test_trl_takes_a_step_on_each_file_and_reads_what_is_trained_on(made_run, tiny_folder, tmp_path):
    run = made_run(["How many legs do 6 spiders have?", "What does <|im_end|> mean?"])
    run.add_round(run.questions, ["\n\nIt is 1", "It is 3"])
    export_data(run_folder=run.folder)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [PYTHON, Path(__file__).with_name("trl_step.py"), run.folder / "data", tiny_folder, tmp_path / "trl"],
        env={**environment, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout.splitlines()[-1])
    assert all(result["moved"] and math.isfinite(result["loss"]) for result in results.values())
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    for place, example in enumerate(read_table(run.store.paths.examples(1), Example)):
        ours = encode_example(prompt=example.prompt, completion=example.completion, tokenizer=tokenizer)
        length, prompt = len(ours.token_ids), list(ours.prompt)
        for name in ("messages", "prompt_completion"):
            read = results[name]["rows"][place]["input_ids"]
            assert read[:length] == list(ours.token_ids)
            assert not tokenizer.decode(read[length:]).strip()
        labels = results["prompt_completion"]["rows"][place]["labels"]
        assert [label == -100 for label in labels].index(False) == ours.first_target
        pair = results["preferences"]["rows"][place]
        assert pair["prompt_ids"] == prompt
        assert (prompt + pair["chosen_ids"])[:length] == list(ours.token_ids)
        assert pair["rejected_ids"] != pair["chosen_ids"]
