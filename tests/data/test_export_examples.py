"""What ``export`` writes is what training sees, and other trainers' readers take it."""

import json
import math
from dataclasses import replace

import pyarrow.parquet as parquet
import pytest
from datasets import load_dataset
from transformers import AutoTokenizer

from thoughtrank.data.export_examples import export_data
from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.examples import encode_example
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Example, Gain
from thoughtrank.storage.done_marker import write_done
from thoughtrank.storage.tables import read_table, write_part

TEXTS = ["How many legs do 6 spiders have?", "What does <|im_end|> mean?", "Wie groß ist ½ · 8?  "]
ANSWERS = ["\n\nIt is 1", "It is <|im_end|> 3", "It is 3", "None ?"]


@pytest.fixture
def exported(made_run, tmp_path):
    """A run, and its files as ``datasets`` reads them."""
    run = made_run(TEXTS)
    run.add_round(run.questions, ANSWERS)
    written = export_data(run_folder=run.folder)
    assert all(path.parent == run.folder / "data" for path in written.rows)
    return run, load(run.folder / "data", tmp_path)


def load(folder, tmp_path):
    return {
        path.stem: load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "hf"))
        for path in folder.glob("*.jsonl")
    }


def test_every_file_is_read_by_datasets_with_the_columns_of_its_format(exported):
    _, files = exported
    origin = ["round", "question_id", "candidate_id"]
    assert {name: [each for each in file.column_names if each not in origin] for name, file in files.items()} == {
        "messages": ["messages"],
        "prompt_completion": ["prompt", "completion"],
        "preferences": ["prompt", "chosen", "rejected", "rejected_id"],
        "preferences_text": ["prompt", "chosen", "rejected", "rejected_id"],
    }
    assert {file.num_rows for file in files.values()} == {len(TEXTS)}


def same_tokens(messages, example, tokenizer):
    """The template's tokens are those trained on, and after them only white space."""
    trained = encode_example(prompt=example.prompt, completion=example.completion, tokenizer=tokenizer)
    whole = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"]
    prompt = tokenizer.apply_chat_template(messages[:1], tokenize=True, return_dict=True, add_generation_prompt=True)[
        "input_ids"
    ]
    assert whole[: len(trained.token_ids)] == list(trained.token_ids)
    assert not tokenizer.decode(whole[len(trained.token_ids) :]).strip()
    assert tuple(prompt) == trained.prompt


def test_messages_and_prompt_completion_have_the_token_ids_that_are_trained_on(exported, tiny_folder):
    run, files = exported
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    examples = read_table(run.store.paths.examples(1), Example)
    for example, row, pair in zip(examples, files["messages"], files["prompt_completion"], strict=True):
        trained = encode_example(prompt=example.prompt, completion=example.completion, tokenizer=tokenizer).token_ids
        whole = tokenizer.apply_chat_template(row["messages"], tokenize=True, return_dict=True)["input_ids"]
        assert tuple(whole[: len(trained)]) == trained
        assert not tokenizer.decode(whole[len(trained) :]).strip()
        assert pair["prompt"] + pair["completion"] == row["messages"]
        assert row["candidate_id"] == pair["candidate_id"] == example.candidate_id


def test_the_turns_before_a_question_are_exported_with_it(made_run, tiny_folder, tmp_path):
    contents = {"system": "Be brief.", "user": "What is 2 + 3?", "assistant": "5"}
    context = [{"role": role, "content": content} for role, content in contents.items()]
    run = made_run([{"messages": [*context, {"role": "user", "content": "Plus 4?"}]}, "How many?"])
    run.add_round(run.questions, ANSWERS)
    export_data(run_folder=run.folder)
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    examples = {each.candidate_id: each for each in read_table(run.store.paths.examples(1), Example)}
    files = load(run.folder / "data", tmp_path)
    for row in files["messages"]:
        example = examples[row["candidate_id"]]
        whole = tokenizer.apply_chat_template(row["messages"], tokenize=False)
        assert whole.startswith(example.prompt + example.completion)
    assert sorted(len(row["messages"]) for row in files["messages"]) == [2, 5]
    [text] = [row for row in files["preferences_text"] if row["prompt"] == "Plus 4?"]
    assert (text["system"], text["history"]) == ("Be brief.", [["What is 2 + 3?", "5"]])
    info = json.loads((run.folder / "data" / "dataset_info.json").read_text())["thoughtrank_preferences"]
    assert {"system": "system", "history": "history"}.items() <= info["columns"].items()


def test_special_tokens_of_questions_and_answers_stay_data(exported):
    _, files = exported
    for file in files.values():
        assert "<|im_end|>" not in json.dumps(file.to_list())
    assert any("< |im_end|>" in row["prompt"] for row in files["preferences_text"])


def test_a_run_with_gains_has_them_beside_its_examples(made_run, tmp_path):
    run = made_run(TEXTS)
    run.add_round(run.questions, ANSWERS)
    examples = read_table(run.store.paths.examples(1), Example)
    gains = [
        Gain(each.question_id, each.candidate_id, float(number), -1.0, -1.0 - number, "a", "number", None)
        for number, each in enumerate(examples)
    ]
    folder = run.store.paths.gains(1)
    folder.mkdir()
    write_part(folder / "part-00000.parquet", [replace(gains[0], gain=-math.inf), *gains[1:]], record_type=Gain)
    write_done(folder, fingerprint="gains", facts={})
    export_data(run_folder=run.folder)
    files = load(run.folder / "data", tmp_path)
    for name in ("messages", "preferences"):
        found = {row["candidate_id"]: row["gain"] for row in files[name]}
        assert found == {
            each.candidate_id: each.gain if each.gain else None for each in gains if each.candidate_id in found
        }
        assert len(found) > 1


def test_preferences_pair_the_example_with_a_worse_candidate_of_its_question(exported):
    _, files = exported
    messages = {row["candidate_id"]: row["messages"] for row in files["messages"]}
    for row, text in zip(files["preferences"], files["preferences_text"], strict=True):
        assert row["prompt"] + row["chosen"] == messages[row["candidate_id"]]
        assert row["rejected"][0]["content"].endswith(" 3")
        assert row["rejected_id"].startswith(row["question_id"])
        sides = ("prompt", "chosen", "rejected")
        assert [row[side][0]["content"] for side in sides] == [text[side] for side in sides]


def test_llama_factory_finds_both_files_and_the_entries_of_others_are_kept(exported):
    run, files = exported
    path = run.folder / "data" / "dataset_info.json"
    entries = json.loads(path.read_text())
    for entry in entries.values():
        assert set(entry["columns"].values()) <= set(files[entry["file_name"].removesuffix(".jsonl")].column_names)
    path.write_text(json.dumps({**entries, "other": {"file_name": "other.json"}}))
    export_data(run_folder=run.folder)
    assert json.loads(path.read_text()) == {**entries, "other": {"file_name": "other.json"}}


def test_examples_without_a_worse_complete_candidate_are_reported_and_leave_no_empty_file(made_run):
    run = made_run(TEXTS)
    run.add_round(run.questions, ["whole 1", "cut 2"])
    export_data(run_folder=run.folder)
    path = run.store.paths.candidates(1) / "part-00000.parquet"
    table = parquet.read_table(path).to_pylist()
    cut = [{**row, "answer_finish": "length"} if row["answer"] == "cut 2" else row for row in table]
    parquet.write_table(parquet.read_table(path).from_pylist(cut, schema=parquet.read_schema(path)), path)
    written = export_data(run_folder=run.folder)
    assert "3 of 3 examples have no preference" in written.notes[0]
    assert {path.name for path in (run.folder / "data").iterdir()} == {
        "messages.jsonl",
        "prompt_completion.jsonl",
        "dataset_info.json",
    }
    assert "thoughtrank_preferences" not in json.loads((run.folder / "data" / "dataset_info.json").read_text())


def test_a_template_that_changes_the_text_is_reported(made_run, tmp_path, tiny_folder):
    run = made_run(TEXTS)
    run.add_round(run.questions, ["It is 3", "It is 1"])
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    tokenizer.chat_template = tokenizer.chat_template.replace("['content']", "['content'] | upper")
    with pytest.raises(UserError, match="changes a reply"):
        ChatTemplate(tokenizer)
    tokenizer.chat_template = tokenizer.chat_template.replace("| upper", "| replace('is 1', 'is one')")
    tokenizer.save_pretrained(run.store.paths.model(1))
    assert "rendered differently" in " ".join(export_data(run_folder=run.folder).notes)


def test_a_folder_that_is_no_run_and_missing_questions_are_reported(made_run, tmp_path):
    with pytest.raises(UserError, match=r"no config\.yaml"):
        export_data(run_folder=tmp_path)
    run = made_run(TEXTS)
    run.add_round(run.questions, ANSWERS)
    (tmp_path / "questions.jsonl").write_text("".join(f'{{"question": "New {n}?"}}\n' for n in range(4)))
    with pytest.raises(UserError, match="restore the question file"):
        export_data(run_folder=run.folder)
