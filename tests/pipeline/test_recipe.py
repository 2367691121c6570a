"""The published recipe, shrunk: its experiment file with a random model in the shape of Llama 3.2."""

import json

import pytest
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer


@pytest.fixture
def gsm8k(tmp_path):
    folder = tmp_path / "gsm8k"
    folder.mkdir()
    for split, number in (("train", 8), ("test", 3)):
        rows = [
            {
                "question": f"{split}: Tom has {each} pens and buys 3. How many?",
                "answer": f"He has {each + 3}.\n#### {each + 3}",
            }
            for each in range(number)
        ]
        (folder / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [2, pytest.param(4, marks=pytest.mark.long)])
def test_the_recipe_runs_from_first_to_last_round(workplace, llama3_folder, gsm8k, rounds):
    workplace.left_out = ("model", "prefixes", "rounds", "questions.held_out_unseen", "training.epochs")
    workplace.left_out += ("training.batch_size", "training.micro_batch_size", "training.micro_batch_tokens")
    workplace.left_out += ("engine.questions_per_group",)
    workplace.run(
        *("run=recipe", "experiment=llama3.2_3b_cot", f"model.name={llama3_folder}", f"questions.name={gsm8k}"),
        *("questions.train_per_round=2", "questions.held_out=3", "evaluation.reply_tokens=8"),
        *("generation.thought_tokens=4", "generation.answer_tokens=3", *([] if rounds == 4 else [f"rounds={rounds}"])),
    )
    config = yaml.safe_load(workplace.path("recipe", "config.yaml").read_text())
    assert (config["rounds"], config["training"]["start"], config["engine"]["dtype"]) == (
        rounds,
        "previous",
        "bfloat16",
    )
    for number in range(1, rounds + 1):
        rows = workplace.rows("recipe", f"round_{number}", "1_candidates")
        assert len(rows) == 2 * 62
        assert len({row["prefix"] for row in rows}) == 62
    export = workplace.path("recipe", "export")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(export, dtype="auto"), AutoTokenizer.from_pretrained(export)
    assert str(model.dtype) == "torch.bfloat16"
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "2 + 2?"}], tokenize=False, add_generation_prompt=True
    )
    assert text.startswith("<|begin_of_text|>User: 2 + 2?")
