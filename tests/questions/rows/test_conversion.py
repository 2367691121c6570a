"""Files in another format are refused with a line that converts them, from whatever folder it is run."""

import json
import shutil
import subprocess

import pytest

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.file_reader import read_rows

ROWS = [{"question": "Größe?", "answer": 1.50}, {"question": "Why,\nso?", "answer": "007"}]
COLUMNS = ("question", "answer")
PYTHON = "With Python: "


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in that of the user, who names files by it; with a name that has to be quoted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it's here").mkdir()
    return (tmp_path / "it's here").relative_to(tmp_path)


def refused(path):
    with pytest.raises(UserError) as caught:
        list(read_rows(path, columns=COLUMNS))
    [fault] = caught.value.faults
    assert fault.startswith(f"{path} ")
    return fault


def read(path):
    return [row.values for row in read_rows(path, columns=COLUMNS)]


def test_a_table_of_another_format_is_refused_with_a_line_that_converts_it(folder):
    pytest.importorskip("pandas")
    path = folder / "mine.csv"
    path.write_text('question,answer\n"Which agent, and\nwhy?",007\n')
    exec(refused(path).partition("With pandas: ")[2], {})
    assert read(folder / "mine.jsonl") == [{"question": "Which agent, and\nwhy?", "answer": "007"}]


@pytest.mark.parametrize(("name", "indent"), [("mine.json", 1), ("mine.json", None), ("mine.jsonl", 1)])
@pytest.mark.parametrize(
    ("document", "said"),
    [
        (ROWS, "is one JSON list: write one JSON object per line"),
        ({"data": ROWS}, "is one JSON document with its rows under 'data'"),
        ({"version": "1", "splits": ["train"], "it's": ROWS}, 'is one JSON document with its rows under "it\'s"'),
    ],
)
def test_all_rows_in_one_document_are_refused_with_a_line_that_converts_it(folder, name, indent, document, said):
    path = folder / name
    path.write_text(json.dumps(document, indent=indent, ensure_ascii=False), encoding="utf-8-sig")
    fault = refused(path)
    assert said in fault
    exec(fault.partition(PYTHON)[2], {})
    assert read(folder / "mine.rows.jsonl") == ROWS


def test_a_document_whose_first_line_begins_the_list_is_seen_too(folder):
    path = folder / "mine.json"
    path.write_text('{"data": [\n' + ",\n".join(map(json.dumps, ROWS)) + "\n]}\n")
    assert "is one JSON document with its rows under 'data'" in refused(path)


def test_without_the_source_the_line_leaves_no_empty_file(folder):
    path = folder / "mine.json"
    path.write_text(json.dumps(ROWS))
    line = refused(path).partition(PYTHON)[2]
    path.unlink()
    with pytest.raises(FileNotFoundError):
        exec(line, {})
    assert list(folder.iterdir()) == []


def test_one_row_over_several_lines_becomes_one_line(folder):
    path = folder / "mine.json"
    path.write_text(json.dumps(ROWS[0], indent=2))
    fault = refused(path)
    assert "is one JSON object over several lines: write it in one line" in fault
    exec(fault.partition(PYTHON)[2], {})
    assert read(folder / "mine.rows.jsonl") == ROWS[:1]


def test_rows_over_several_lines_each_are_refused_with_a_command_that_joins_them(folder):
    path = folder / "mine.jsonl"
    path.write_text("\n".join(json.dumps(row, indent=2) for row in ROWS))
    fault = refused(path)
    assert "has JSON objects over several lines: write one JSON object per line" in fault
    command = fault.partition("With jq: ")[2]
    assert command.startswith("jq -c . 'it'")
    if shutil.which("jq"):
        subprocess.run(command, shell=True, check=True)
        assert read(folder / "mine.rows.jsonl") == ROWS


@pytest.mark.parametrize(
    "lines",
    [
        ['{"steps": [{"text": "a"}]}', '{"steps": [{"text": "b"}]}'],  # rows with a list of objects
        ['{"question": "Why?", "steps": [{"text": "a"}]}'],
        ['{"prompt": [{"role": "user", "content": "Why?"}]}'],
        ['{"question": "cut,', '{"question": "How?"}'],
        ['{"question": "Why?"},', '{"question": "How?"},'],
        ["{", '{"question": "How?"}'],
    ],
)
def test_lines_that_are_rows_are_read_as_rows_whatever_is_in_them(folder, lines):
    path = folder / "mine.jsonl"
    path.write_text("\n".join(lines))
    assert [row.number for row in read_rows(path, columns=COLUMNS)] == list(range(1, len(lines) + 1))
