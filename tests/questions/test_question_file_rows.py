"""Which rows of a question file are used, and what is said about the others."""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from question_files import everything, numbered, source, write

FIX = "set questions.question_column to the column with the question"


def problems_of(file, *rows):
    """What is said about bad rows, without the path, next to the texts that are kept."""
    write(file, *rows)
    said = [line.removeprefix(f"{file}:") for line in source(file).skipped_rows]
    return said, {question.text for question in everything(file)}


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
        {"question": "Second?", "answer": [{"no": 1}]},
        {"question": "Third?", "answer": {"no": 1}},
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
        "5: no 'question' (it has answer)",
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
    assert f"1 row could not be used, the first is {file}:1: not valid JSON" in fault


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
    assert source(path).faults(rounds=1) == [f"{path} has no column 'question': it has other; {FIX}"]


def test_equal_questions_with_other_answers_draw_a_warning(file):
    body = "Jack had some pens."  # SVAMP asks in a second column
    rows = [{"Body": body, "Question": f"How many after {number}?", "answer": number} for number in range(3)]
    write(file, *rows, {"Body": "Other?", "answer": 1}, {"Body": "Other?", "answer": 1}, {"Body": "Other?"})
    [note] = source(file, question_column="Body").notes()
    assert note.startswith("2 rows repeat an earlier question with another answer, first ")
    assert f"{file}:2 ('{body}': '1', but '0' in {file}:1)" in note
    assert "questions.question_column=[Body,Question]" in note
    assert source(file, question_column=["Body", "Question"]).notes() == []
    assert source(file.with_name("missing.jsonl")).notes() == []


@pytest.mark.parametrize(("column", "notes"), [("gold", 0), ("Gold", 1), ("inner.gold", 1), ("answer", 0)])
def test_a_named_column_without_any_answer_is_noted(file, column, notes):
    write(file, {"question": "Half?", "gold": "1/2", "inner": {"gold": "1/2"}})
    found = source(file, answer_column=column).notes()
    assert len(found) == notes
    assert all(f"questions.answer_column={column}, so no question has a reference answer" in note for note in found)


ALPACA = [{"instruction": "Add.", "input": "2 3", "output": "5"}, {"instruction": "Say hi.", "output": "Hi"}]


@pytest.mark.parametrize("parquet", [False, True])
@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        (["instruction", "input"], ""),
        (["instruction", "inputs"], "no row has 'inputs': correct"),
        (["instruction", "a", "b"], "no row has 'a' and 'b': correct"),
    ],
)
def test_a_joined_column_that_no_row_has_is_a_fault(file, columns, missing, parquet):
    if parquet:
        file = file.with_suffix(".parquet")
        pq.write_table(pa.Table.from_pylist([{"input": "", **row} for row in ALPACA]), file)
    else:
        write(file, *ALPACA)
    given = source(file, question_column=columns, answer_column="output", train_per_round=1)
    faults = [fault for fault in given.faults(rounds=1) if "question_column" in fault]
    assert len(faults) == bool(missing)
    assert all(missing in fault for fault in faults)


def test_another_accepted_answer_is_no_conflict(file):
    write(file, {"question": "Half?", "answers": ["1/2", "0.5"]}, {"question": "Half?", "answer": "0.5"})
    assert source(file).notes() == []


# Files of which no row can be used.


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"prompt": "Why?", "completion": 7},
            f"no 'question' (it has prompt, completion). None of the 3 rows can be used: {FIX}, for example "
            "questions.question_column=prompt.",
        ),
        ({"Q": "Why?"}, f"no 'question' (it has Q). None of the 3 rows can be used: {FIX}."),
        (
            {"question": 7},
            "'question' is not a string. None of the 3 rows can be used: correct the rows, or name other columns with "
            "questions.question_column and questions.answer_column.",
        ),
        (
            {"messages": [{"role": "tool", "content": "7"}]},
            "has the role 'tool': only turns of system, user and assistant can be asked. None of the 3 rows can be used: ",
        ),
        ("plain text", ". None of the 3 rows can be used: give one JSON object per line, in UTF-8."),
    ],
)
def test_where_no_row_can_be_used_the_first_one_and_the_key_are_named_and_no_numbers(file, row, said):
    write(file, row, row, row)
    [fault] = source(file).faults(rounds=1)
    assert fault.startswith(f"{file}:1: ")
    assert said in fault
    assert "asked for" not in fault


def test_the_column_that_is_proposed_is_read(file):
    write(file, *({"id": number, "Problem": f"Why {number}?"} for number in range(3)))
    [fault] = source(file).faults(rounds=1)
    proposed = fault.rpartition("questions.question_column=")[2].removesuffix(".")
    assert source(file, question_column=proposed).faults(rounds=1) == []


def test_of_a_single_row_the_same_is_said(file):
    write(file, {"prompt": "Why?"})
    [fault] = source(file).faults(rounds=1)
    assert fault.startswith(f"{file}:1: no 'question' (it has prompt). It is the only row: {FIX}, for example")


def test_a_single_round_is_one_round(file):
    write(file, *numbered(2))
    [fault] = source(file).faults(rounds=1)
    assert "(1 for test, 1 round of 2)" in fault


def test_of_a_row_without_a_question_eight_columns_are_named(file):
    write(file, {f"column{number}": number for number in range(10)})
    [said] = source(file).skipped_rows
    assert said.endswith("(it has column0, column1, column2, column3, column4, column5, column6, column7 and 2 more)")


# Multiple choice.

QUIZ = [
    {"question": f"Which, {number}?", "choices": ["one", "two", "three"], "answer": number % 3} for number in range(4)
]


def test_options_in_a_column_of_their_own_are_noted_until_the_line_of_the_page_converts_them(file, monkeypatch):
    file = write(file.with_name("quiz.jsonl"), *QUIZ)
    [note] = source(file).notes()
    assert note.startswith("the rows have choices beside the question")
    page, section = note.split("; ")[-1].split()[0].split("#")
    text = (Path(__file__).parents[2] / page).read_text()
    _, _, text = text.partition(f"## {section.replace('-', ' ').capitalize()}\n")
    monkeypatch.chdir(file.parent)
    exec(text.partition("```python\n")[2].partition("```")[0], {})
    converted = source("quiz.rows.jsonl", answer_kind="letter")
    assert converted.notes() == converted.faults(rounds=1) == []
    assert {question.text: question.answer for question in everything("quiz.rows.jsonl")} == {
        f"Which, {number}?\n(A) one\n(B) two\n(C) three": "ABC"[number % 3] for number in range(4)
    }


def test_columns_that_are_named_are_not_noted(file):
    write(file, *({"question": f"{number}?", "options": "A or B", "answerKey": "A"} for number in range(3)))
    assert "options and answerKey" in source(file).notes()[0]
    assert source(file, question_column=["question", "options"], answer_column="answerKey").notes() == []


def test_parquet_has_the_same_note(tmp_path):
    pq.write_table(pa.Table.from_pylist(QUIZ), tmp_path / "quiz.parquet")
    assert source(tmp_path / "quiz.parquet").notes() == source(write(tmp_path / "quiz.jsonl", *QUIZ)).notes()
