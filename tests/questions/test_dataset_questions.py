"""Questions from datasets: local copies, and what the package ``datasets`` reads."""

import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from thoughtrank.questions.dataset_questions import DatasetQuestions

KNOBS = {"seed": 0, "train_per_round": 5, "held_out": 4}


def gsm8k_rows(split, number):
    """Rows as GSM8K publishes them."""
    return [
        {
            "question": f"In {split}, Tom has {each} apples and buys 3. How many?",
            "answer": f"Tom has {each} + 3 = <<{each}+3={each + 3}>>{each + 3} apples.\n#### {each + 3}",
        }
        for each in range(number)
    ]


@pytest.fixture
def gsm8k(tmp_path):
    folder = tmp_path / "gsm8k"
    folder.mkdir()
    for split, number in (("train", 20), ("test", 8)):
        lines = [json.dumps(row) for row in gsm8k_rows(split, number)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def parquet_folder(tmp_path):
    """As the hub lays datasets out."""
    folder = tmp_path / "dataset" / "data"
    folder.mkdir(parents=True)
    for split, number in (("train", 20), ("test", 8)):
        rows = [{"problem": f"{split} {each}?", "solution": each} for each in range(number)]
        parquet.write_table(pa.Table.from_pylist(rows), folder / f"{split}-00000-of-00001.parquet")
    return folder.parent


def source(name, **options):
    return DatasetQuestions(name=str(name), **{"held_out_split": "test", "answer_after": "####", **KNOBS, **options})


def test_gsm8k_in_its_published_format(gsm8k):
    questions = source(gsm8k)
    assert questions.faults(rounds=4) == []
    for question in [*questions.train(1), *questions.evaluation()]:
        number = int(question.text.split("has ")[1].split()[0])
        assert question.answer == str(number + 3)
    assert all("In train" in question.text for question in questions.train(1))
    assert all("In test" in question.text for question in questions.evaluation())


def test_rounds_are_disjoint_stable_and_follow_the_seed(gsm8k):
    rounds = [[each.question_id for each in source(gsm8k).train(number)] for number in range(1, 5)]
    assert len({each for one in rounds for each in one}) == 20
    assert [each.question_id for each in source(gsm8k).train(2)] == rounds[1]
    assert [each.question_id for each in source(gsm8k, seed=1).train(2)] != rounds[1]


def test_one_file_or_no_second_split_holds_out_the_first_questions(gsm8k):
    for name in (gsm8k, gsm8k / "train.jsonl"):
        questions = source(name, held_out_split=None)
        assert questions.faults(rounds=3) == []
        trained = {each.question_id for number in (1, 2, 3) for each in questions.train(number)}
        held_out = {each.question_id for each in questions.evaluation()}
        assert (len(trained), len(held_out)) == (15, 4)
        assert not trained & held_out


def test_a_question_of_both_splits_is_held_out_only(gsm8k):
    first = gsm8k_rows("test", 1)[0]
    with (gsm8k / "train.jsonl").open("a") as file:
        file.write("\n" + json.dumps(first))
    questions = source(gsm8k)
    assert any("repeats the question" in row for row in questions.skipped_rows)
    assert first["question"] not in {each.text for number in range(1, 5) for each in questions.train(number)}


def test_rows_without_the_mark_of_the_answer_are_left_out_and_named(gsm8k):
    with (gsm8k / "train.jsonl").open("a") as file:
        file.write('\n{"question": "Why?", "answer": "Because."}')
    [row] = source(gsm8k).skipped_rows
    assert "train row 21" in row
    assert "####" in row


def test_too_few_questions_are_told_for_both_splits(gsm8k):
    faults = source(gsm8k, held_out=9).faults(rounds=5)
    assert len(faults) == 2
    assert "8 test questions" in faults[0]
    assert "20 training questions" in faults[1]


@pytest.mark.parametrize("held_out_split", [None, "test"])
def test_development_questions_come_from_the_training_split_and_ignore_the_seed(gsm8k, held_out_split):
    questions = source(gsm8k, development=6, held_out_split=held_out_split)
    development = questions.development()
    assert len(development) == 6
    assert all("In train" in question.text for question in development)
    trained = [question for number in (1, 2) for question in questions.train(number)]
    asked = [question.text for question in [*trained, *development, *questions.evaluation()]]
    assert len(set(asked)) == len(asked) == 20
    again = source(gsm8k, development=6, seed=3, held_out_split=held_out_split)
    assert (again.development(), again.evaluation()) == (development, questions.evaluation())
    [fault] = source(gsm8k, development=6).faults(rounds=3)
    assert "has 20 training questions, but 6 development questions and 3 rounds of 5" in fault


def test_where_no_row_can_be_used_the_first_one_and_the_key_are_named(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"problem": "Why?"}\n{"problem": "How?"}\n')
    [fault] = source(path, held_out_split=None, answer_after=None).faults(rounds=1)
    assert fault == (
        f"{path} train row 1: no 'question' (it has problem). None of the 2 rows can be used: set questions.question_column to "
        "the column with the question, for example questions.question_column=problem."
    )


def test_the_address_of_a_dataset_is_no_name():
    [fault] = source("https://huggingface.co/datasets/openai/gsm8k").faults(rounds=1)
    assert fault.startswith(
        "questions.name=https://huggingface.co/datasets/openai/gsm8k is an address: give the dataset's hub id"
    )


def test_the_answer_stem_is_a_setting(gsm8k):
    assert source(gsm8k).answer_stem == "The answer is"
    assert source(gsm8k, answer_stem="The correct option is").answer_stem == "The correct option is"
    [fault] = source(gsm8k, answer_stem="").faults(rounds=1)
    assert "questions.answer_stem is empty" in fault


def test_rows_bounds_what_is_read(gsm8k):
    assert {each.text for each in source(gsm8k, rows=5).train(1)} == {row["question"] for row in gsm8k_rows("train", 5)}


@pytest.mark.parametrize("streaming", [False, True])
def test_a_dataset_with_other_columns_is_read_by_the_package_datasets(parquet_folder, streaming, monkeypatch, tmp_path):
    pytest.importorskip("datasets")
    options = {"question_column": "problem", "answer_column": "solution", "answer_after": None, "streaming": streaming}
    questions = source(parquet_folder, **options)
    assert questions.faults(rounds=4) == []
    assert {question.text: question.answer for question in questions.train(1)} == {
        question.text: question.text.split()[1][:-1] for question in questions.train(1)
    }
    assert len(questions.evaluation()) == 4


def test_a_missing_column_names_those_there_are(parquet_folder):
    pytest.importorskip("datasets")
    [fault] = source(parquet_folder).faults(rounds=1)
    assert "problem, solution" in fault


def test_a_dataset_that_cannot_be_fetched_is_one_plain_message(tmp_path):
    pytest.importorskip("datasets")
    program = (
        "from thoughtrank.questions.dataset_questions import DatasetQuestions\n"
        "source = DatasetQuestions(name='no-one/nothing', seed=0, train_per_round=1, held_out=1)\n"
        "print(source.faults(rounds=1))"
    )
    environment = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    import os

    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    assert "questions.name=no-one/nothing: split 'train' cannot be loaded" in done.stdout


def test_questions_follow_what_is_read(gsm8k):
    def questions(name, **options):
        each = source(name, **options)
        return [each.train(number) for number in range(1, 4)], each.evaluation()

    before = questions(gsm8k)
    assert questions(gsm8k / "train.jsonl", held_out_split=None) != before
    text = (gsm8k / "test.jsonl").read_text()
    (gsm8k / "test.jsonl").write_text(text.replace("#### ", "#### 1"))
    assert questions(gsm8k) != before
