"""Question files of public bug reports about other projects; docs/public_reports.md has what each is about."""

import json

import pytest
from question_files import everything, source, write

TURNS = [{"role": "user", "content": "<image>How many?"}, {"role": "assistant", "content": "Two."}]
READ = {
    "LlamaFactory#6924": {"messages": TURNS, "images": ["a.png"]},
    "LlamaFactory#5294": {
        "conversations": [{"from": "human", "value": "<image>How many?"}, {"from": "gpt", "value": "Two."}],
        "tools": "[]",
    },
}


@pytest.mark.parametrize("row", READ.values(), ids=list(READ))
def test_a_conversation_is_read_beside_columns_of_other_uses(tmp_path, row):
    [question] = everything(write(tmp_path / "rows.jsonl", row))
    assert question.text == "<image>How many?"


def test_a_list_in_a_text_file_is_one_line_that_says_what_to_do(tmp_path):
    """LlamaFactory#3018."""
    path = tmp_path / "rows.txt"
    path.write_text(json.dumps([{"question": "How many?", "answer": "2"}]))
    [fault] = source(path).faults(rounds=1)
    assert str(path) in fault
    assert ".jsonl" in fault


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"messages": []}, "messages"),  # LlamaFactory#9618
        ({"chosen": "Human: Hi?\n\nAssistant: Hi.", "rejected": "Human: Hi?\n\nAssistant: No."}, "chosen"),  # trl#2164
    ],
)
def test_rows_without_a_question_are_one_line_that_names_the_columns(tmp_path, row, said):
    [fault] = source(write(tmp_path / "rows.jsonl", row, row)).faults(rounds=1)
    assert "None of the 2 rows can be used: " in fault
    assert said in fault
