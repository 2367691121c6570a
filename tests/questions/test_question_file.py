import re
from pathlib import Path

import pytest
from question_files import everything, numbered, source, write

from thoughtrank.config.components import make_each
from thoughtrank.errors import UserError

# Which question comes when.


def test_rounds_and_held_out_are_disjoint_and_use_every_question(file):
    write(file, *numbered(21))
    questions = source(file, held_out=5, train_per_round=4)
    drawn = questions.evaluation() + [question for number in range(1, 5) for question in questions.train(number)]
    assert {question.text for question in drawn} == {f"Question {index}?" for index in range(21)}
    assert len({question.question_id for question in drawn}) == 21
    assert all(question.question_id.startswith("file-") and len(question.question_id) == 17 for question in drawn)
    assert all(question.text == f"Question {question.answer}?" and not question.unseen for question in drawn)


ORDERS = (("forward", 0), ("backward", 0), ("forward", 1))


def test_the_order_depends_on_seed_and_text_only(tmp_path):
    rows = numbered(40)
    forward = everything(write(tmp_path / "forward.jsonl", *rows))
    backward = everything(write(tmp_path / "backward.jsonl", *reversed(rows)))
    assert forward == backward == everything(tmp_path / "forward.jsonl", seed=1)
    rounds = [source(tmp_path / f"{name}.jsonl", seed=seed, train_per_round=30).train(1) for name, seed in ORDERS]
    assert rounds[0] == rounds[1] != rounds[2]
    assert [question.answer for question in forward] != [row["answer"] for row in rows]


def test_development_questions_are_asked_nowhere_else_and_are_the_same_under_every_seed(file):
    write(file, *numbered(12))
    questions = source(file, held_out=3, development=3, train_per_round=3)
    parts = [questions.evaluation(), questions.development(), questions.train(1), questions.train(2)]
    assert [len(part) for part in parts] == [3, 3, 3, 3]
    assert len({question.text for part in parts for question in part}) == 12
    assert source(file, held_out=1, development=3, seed=5).development() == parts[1]


def test_too_few_rows_are_a_fault_that_states_what_is_there_and_what_is_asked_for(file):
    write(file, *numbered(10))
    [fault] = source(file, held_out=4, development=3).faults(rounds=2)
    assert "has 10 questions, but 11 are asked for (4 for test, 3 for development, 2 rounds of 2)" in fault
    assert source(file, held_out=3, development=3).faults(rounds=2) == []


def test_a_new_row_leaves_the_others_in_their_order(tmp_path):
    before = everything(write(tmp_path / "before.jsonl", *numbered(40)))
    after = everything(write(tmp_path / "after.jsonl", {"question": "New?"}, *numbered(40)))
    assert [question for question in after if question.text != "New?"] == before


def test_jsonl_and_parquet_give_the_same_questions(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{**row, "family": "sums"} for row in numbered(12)]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert everything(tmp_path / "rows.parquet") == everything(write(tmp_path / "rows.jsonl", *rows))
    assert everything(tmp_path / "rows.parquet")[0].family == "sums"


def test_columns_can_have_other_names(file):
    write(file, {"prompt": "One?", "gold": 1, "question": "not this"}, {"prompt": "Two?"})
    texts = {q.text: q.answer for q in everything(file, question_column="prompt", answer_column="gold")}
    assert texts == {"One?": "1", "Two?": None}


# The file as a whole.


def test_an_empty_file_has_too_few_questions(file):
    file.write_bytes(b"")
    [fault] = source(file).faults(rounds=1)
    assert "has 0 questions, but 3 are asked for" in fault


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("missing.jsonl", None, "does not exist"),
        ("missing.parquet", None, "does not exist"),
        ("folder.jsonl", "folder", "is a folder"),
        ("table.csv", b"question\n", "unknown suffix"),
        ("wide.jsonl", '{"question": "One?"}'.encode("utf-16"), "UTF-16"),
        ("list.json", b' [\n{"question": "One?"}]', "one JSON object per line"),
        ("not.parquet", b"PAR1 but not really", "cannot be read as Parquet"),
        ("empty.parquet", b"", "cannot be read as Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_fault(tmp_path, name, data, said):
    path = tmp_path / name
    if data == "folder":
        path.mkdir()
    elif data is not None:
        path.write_bytes(data)
    questions = source(path)
    [fault] = questions.faults(rounds=1)
    assert said in fault
    assert str(path) in fault
    with pytest.raises(UserError, match=said):
        questions.train(1)


def test_wrong_settings_are_reported_along_with_a_missing_file(file):
    assert len(source(file, train_per_round=0, held_out=-1, development=-1).faults(rounds=1)) == 4


@pytest.mark.parametrize(
    "address",
    ["http://example.org/q.jsonl", "https://example.org/q.csv", "https://example.org/q", "s3://bucket/q.parquet"],
)
def test_an_address_is_named_as_it_was_given_with_what_to_do(address):
    assert source(address).faults(rounds=1) == [
        f"{address} is an address, and addresses are not read: download the file first, and give its path"
    ]


@pytest.mark.parametrize("kind", ["int", "none"])
def test_another_kind_of_answers_is_a_fault_that_lists_those_of_the_page(file, kind):
    target = "thoughtrank.questions.question_file.QuestionFile"
    values = {
        "_target_": target,
        "path": str(file),
        "seed": 0,
        "train_per_round": 2,
        "held_out": 1,
        "answer_kind": kind,
    }
    _, [fault] = make_each({"questions": values})
    [listed] = re.findall(r"input should be (.*), not ", fault)
    page = (Path(__file__).parents[2] / "docs/config/questions.md").read_text()
    documented = re.findall(r"`questions.answer_kind` .* kind of all reference answers: (.*), which decides", page)
    assert {text.replace("`", "'") for text in documented} == {listed}


def test_drawing_too_much_is_an_error(file):
    write(file, *numbered(4))
    questions = source(file)
    assert len(questions.train(1)) == 2
    with pytest.raises(UserError, match="has 4 questions, but 5 are asked for"):
        questions.train(2)
    with pytest.raises(ValueError, match="count from 1"):
        questions.train(0)
    with pytest.raises(UserError, match="asked for"):
        source(file, held_out=5).evaluation()


def test_questions_follow_the_content_and_the_settings_not_the_path(tmp_path):
    def questions(path, **overrides):
        return source(path, **overrides).train(1), source(path, **overrides).evaluation()

    one = write(tmp_path / "one.jsonl", *numbered(9))
    same = write(tmp_path / "two.jsonl", *numbered(9))
    other = write(tmp_path / "three.jsonl", *numbered(10)[1:])
    assert questions(one) == questions(same) != questions(other)
    for overrides in ({"seed": 1}, {"train_per_round": 3}, {"held_out": 2}, {"held_out": 0, "development": 7}):
        assert questions(one) != questions(one, **overrides)
