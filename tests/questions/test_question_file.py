import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.questions.question_file import QuestionFile


def source(path, **overrides):
    return QuestionFile(**{"path": str(path), "seed": 0, "train_per_round": 2, "held_out": 1, **overrides})


def write(path, *rows):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def numbered(count):
    return [{"question": f"Question {index}?", "answer": str(index)} for index in range(count)]


def everything(path, **overrides):
    """All good questions of the file."""
    count = sum(map(len, source(path, **overrides)._loaded[:3]))
    return source(path, **{**overrides, "held_out": count}).evaluation()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "questions.jsonl"


def problems_of(file, *rows):
    """What is said about bad rows, without the path, next to the texts that are kept."""
    write(file, *rows)
    said = [line.removeprefix(f"{file}:") for line in source(file).skipped_rows]
    return said, {question.text for question in everything(file)}


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


# Rows.


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        ("3", "3"),
        (" three ", "three"),
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (2.50, "2.5"),
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (10**400, "1" + "0" * 400),
        (None, None),
        ("", None),
    ],
)
def test_an_answer_becomes_a_plain_string(file, answer, plain):
    write(file, {"question": "How many?", "answer": answer})
    assert [question.answer for question in everything(file)] == [plain]


def test_a_missing_answer_column_is_fine(file):
    write(file, {"question": "How many?"})
    [question] = everything(file)
    assert (question.answer, question.family) == (None, None)
    assert source(file).skipped_rows == []


def test_bad_rows_are_named_by_line_and_lose_nothing_else(file):
    said, kept = problems_of(
        file,
        {"question": "First?"},
        "",
        "{broken",
        "[1, 2]",
        {"answer": "3"},
        {"question": None},
        {"question": "   "},
        {"question": 7},
        {"question": "Second?", "answer": [1]},
        {"question": "Third?", "answer": True},
        '{"question": "Fourth?", "answer": NaN}',
        {"question": " First? ", "answer": "other"},
        '{"question": "half \\ud800"}',
        {"question": "Fifth?", "family": {"no": 1}},
        {"question": "Last?"},
    )
    assert kept == {"First?", "Last?"}
    assert [line.split(":")[0] for line in said] == [str(number) for number in range(3, 15)]
    assert "not valid JSON" in said[0]
    assert said[1:] == [
        "4: not a JSON object",
        "5: no 'question'",
        "6: no 'question'",
        "7: 'question' is empty",
        "8: 'question' is not a string",
        "9: 'answer' is neither a string nor a number",
        "10: 'answer' is neither a string nor a number",
        "11: 'answer' is not a finite number",
        f"12: repeats the question of {file}:1",
        "13: 'question' contains half of a character (a lone surrogate)",
        "14: 'family' is neither a string nor a number",
    ]


def test_bad_rows_are_no_faults_while_there_are_enough_questions(file):
    write(file, "{broken", *numbered(5))
    assert source(file).faults(rounds=2) == []
    [fault] = source(file).faults(rounds=3)
    assert "has 5 questions, but 7 are asked for" in fault
    assert f"1 rows could not be used, the first is {file}:1: not valid JSON" in fault


def test_a_row_that_is_not_utf8_is_named_by_line(file):
    file.write_bytes(b'{"question": "One?"}\n{"question": "caf\xe9?"}\n{"question": "Two?"}\n')
    assert source(file).skipped_rows == [f"{file}:2: not UTF-8 text"]
    assert len(everything(file)) == 2


def test_deep_nesting_is_a_bad_row(file):
    said, kept = problems_of(file, "[" * 200_000, {"question": "One?"})
    assert said[0].startswith("1: not valid JSON")
    assert kept == {"One?"}


def test_byte_order_mark_line_ends_and_blank_lines_do_not_matter(file):
    file.write_bytes(b'\xef\xbb\xbf{"question": "One?"}\r\n\r\n   \n{"question": "Two?"}\r\nbad')
    assert {question.text for question in everything(file)} == {"One?", "Two?"}
    [bad] = source(file).skipped_rows
    assert bad.startswith(f"{file}:5: not valid JSON")


def test_a_line_separator_inside_a_question_does_not_end_the_line(file):
    file.write_text('{"question": "One\u2028two\x85three?"}\n', encoding="utf-8")
    assert [question.text for question in everything(file)] == ["One\u2028two\x85three?"]


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text(max_size=20), max_size=20))
def test_any_text_is_kept_once_or_reported(tmp_path_factory, texts):
    file = tmp_path_factory.mktemp("any") / "questions.jsonl"
    write(file, *({"question": text} for text in texts))
    kept = [question.text for question in everything(file)]
    assert set(kept) == {text.strip() for text in texts if text.strip() and _encodes(text)}
    assert len(kept) + len(source(file).skipped_rows) == len(texts)


def _encodes(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def test_parquet_rows_are_checked_too(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    rows = {
        "question": ["One?", None, "One?", "Two?"],
        "answer": pyarrow.array([Decimal("1.50"), None, None, Decimal("2.00")]),
        "other": [1, 2, 3, 4],
    }
    parquet.write_table(pyarrow.table(rows), path)
    assert source(path).skipped_rows == [f"{path}:2: no 'question'", f"{path}:3: repeats the question of {path}:1"]
    assert {question.text: question.answer for question in everything(path)} == {"One?": "1.5", "Two?": "2"}
    parquet.write_table(pyarrow.table({"other": [1, 2]}), path)
    assert source(path).faults(rounds=1) == [f"{path} has no column 'question': it has other."]


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
