import json

import pytest

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.dataset_reader import split_rows


def numbers(name, *, split="train", max_rows=None, columns=("q",)):
    rows = split_rows(
        name=str(name), config_name=None, split=split, columns=columns, streaming=False, max_rows=max_rows
    )
    return [row.values["q"] for row in rows]


@pytest.fixture
def folder(tmp_path):
    for split, count in (("train", 5), ("test", 2)):
        lines = [json.dumps({"q": number, "split": split}) for number in range(count)]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_a_folder_has_a_file_per_split(folder):
    assert numbers(folder, split="train") == [0, 1, 2, 3, 4]
    assert numbers(folder, split="test") == [0, 1]


def test_a_file_is_every_split(folder):
    assert numbers(folder / "train.jsonl", split="test") == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["", "train.jsonl"])
def test_only_the_first_rows_are_read(folder, name):
    assert numbers(folder / name, max_rows=2) == [0, 1]


def test_a_folder_without_the_split_is_an_error_that_names_it(folder):
    pytest.importorskip("datasets")
    with pytest.raises(UserError, match="split 'validation' cannot be loaded"):
        numbers(folder, split="validation")


def test_rows_that_the_package_datasets_reads_are_numbered_and_need_their_first_column(tmp_path):
    pytest.importorskip("datasets")
    (tmp_path / "data.csv").write_text("q,x\n7,1\n8,2\n")
    rows = split_rows(
        name=str(tmp_path), config_name=None, split="train", columns=("q",), streaming=True, max_rows=None
    )
    assert [(row.number, row.values) for row in rows] == [(1, {"q": 7}), (2, {"q": 8})]
    with pytest.raises(UserError, match="split 'train' has no column 'z'"):
        numbers(tmp_path, columns=("z",))
