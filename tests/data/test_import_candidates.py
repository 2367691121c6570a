"""Candidates made elsewhere: the good rows are kept, and every bad one is named with its file and line."""

import json
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from question_files import everything

from thoughtrank.data.__main__ import main
from thoughtrank.data.import_candidates import import_files
from thoughtrank.errors import UserError
from thoughtrank.records import Question
from thoughtrank.storage.imported_candidates import ImportedCandidates

GOOD = {"question": "What is 3 + 4?", "thought": "three and four", "answer": "7"}


def write(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def imported_of(tmp_path, *rows, **options):
    return import_files(files=[write(tmp_path / "c.jsonl", *rows)], folder=tmp_path / "import", **options)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{broken", "not valid JSON"),
        ({**GOOD, "question": " "}, "'question' is empty"),
        (
            {"prompt": "Q?", "thought": "t", "answer": "a"},
            "neither 'question' nor 'messages' nor 'question_id' (it has prompt, thought, answer)",
        ),
        ({"question_id": "q", "thought": "t", "answer": "a"}, "--run"),
        ({"question": "Q?", "thought": "t"}, "no 'answer' (it has question, thought)"),
        ({"question": "Q?", "reasoning": "t", "answer": 7}, "no 'thought' (it has question, reasoning, answer)"),
        ({**GOOD, "answer": [7]}, "'answer' is neither a string nor a number"),
        ({**GOOD, "thought": 3}, "'thought' is not a string"),
        ({**GOOD, "thought": "<thought>t</thought>"}, "contains the tag <thought>"),
        ({**GOOD, "answer": "a</thought>"}, "contains the tag </thought>"),
        (
            {**GOOD, "thought": "three</think>"},
            "'thought' contains the tag </think>: put what is between the tags into",
        ),
        (
            {**GOOD, "answer": "<think>three and four</think>7"},
            "'answer' contains the tag <think>: put what is between the tags into 'thought', and the rest into 'answer'",
        ),
        ({**GOOD, "answer": "<thinking>\nthree</thinking>7"}, "contains the tag <thinking>"),
        ({**GOOD, "answer": "<reasoning>three</reasoning>7"}, "contains the tag <reasoning>"),
        ({**GOOD, "prefix": "<think>"}, "'prefix' contains the tag <think>: leave it out"),
        ({**GOOD, "answer": "\ud800"}, "lone surrogate"),
        ({**GOOD, "prefix": 1}, "'prefix' is not a string"),
        ({**GOOD, "answer_tokens": -1}, "not a number of tokens"),
        ({**GOOD, "thought_finish": "eos"}, "give 'stop'"),
        ({**GOOD, "reference": [7]}, "neither a string nor a number"),
        ({**GOOD, "reference": "8"}, "an earlier row of the same question has '7'"),
    ],
)
def test_a_bad_row_is_named_with_file_and_line_and_the_others_are_kept(tmp_path, row, reason):
    imported = imported_of(tmp_path, {**GOOD, "reference": 7}, "", row, GOOD)
    [bad] = imported.skipped_rows
    assert bad.startswith(f"{tmp_path}/c.jsonl:3: ")
    assert reason in bad
    kept = list(ImportedCandidates(tmp_path / "import").candidates())
    assert [each.prefix for each in kept] == ["imported_0", "imported_1"]
    assert [question.answer for question in ImportedCandidates(tmp_path / "import").questions()] == ["7"]


@pytest.mark.parametrize(
    ("answer", "kept"), [(12, "12"), (12.50, "12.5"), (True, "true"), (" 12\n", " 12\n"), ("a < b", "a < b")]
)
def test_an_answer_that_is_a_number_is_kept_as_its_text_and_a_text_as_it_is(tmp_path, answer, kept):
    assert imported_of(tmp_path, {**GOOD, "answer": answer}).skipped_rows == []
    [candidate] = ImportedCandidates(tmp_path / "import").candidates()
    assert candidate.answer == kept


def test_every_column_is_kept_and_what_is_not_stated_is_left_open(tmp_path):
    full = {"prefix": "t", "thought_tokens": 3, "answer_tokens": 1, "thought_finish": "stop", "answer_finish": "length"}
    row = {**GOOD, **full, "reference": "7", "family": "sums", "candidate_id": "ignored"}
    imported_of(tmp_path, row, {**GOOD, "question": "Other?"})
    first, second = ImportedCandidates(tmp_path / "import").candidates()
    assert {name: getattr(first, name) for name in full} == full
    assert (second.thought_tokens, second.answer_tokens, second.thought_finish) == (None, None, "stop")
    questions = ImportedCandidates(tmp_path / "import").questions()
    assert [(each.text, each.answer, each.family) for each in questions] == [
        ("What is 3 + 4?", "7", "sums"),
        ("Other?", None, None),
    ]
    assert [each.question_id for each in questions] == [first.question_id, second.question_id]


def test_parquet_and_json_lines_give_the_same_import(tmp_path):
    rows = [GOOD, {**GOOD, "answer": "8"}]
    import_files(files=[write(tmp_path / "c.jsonl", *rows)], folder=tmp_path / "one")
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "c.parquet")
    import_files(files=[tmp_path / "c.parquet"], folder=tmp_path / "two")
    assert ImportedCandidates(tmp_path / "one").sha256 == ImportedCandidates(tmp_path / "two").sha256
    parquet.write_table(pa.Table.from_pylist([{"question": "Q?"}]), tmp_path / "c.parquet")
    with pytest.raises(UserError, match="no column 'thought'"):
        import_files(files=[tmp_path / "c.parquet"], folder=tmp_path / "two")


def test_rows_of_a_runs_own_tables_are_known_by_question_id(made_run, tmp_path, capsys):
    run = made_run(["First?", "Second?"])
    run.add_round(run.questions, ["It is 1", "It is 2"])
    table = run.store.paths.candidates(1) / "part-00000.parquet"
    main(["import", str(table), "--to", str(tmp_path / "import"), "--run", str(run.folder)])
    printed = capsys.readouterr()
    assert "4 candidates of 2 questions, 0 rows left out" in printed.out
    assert "2 questions have no reference" in printed.err
    assert ImportedCandidates(tmp_path / "import").questions() == run.questions
    known = {"q": Question(question_id="q", text="Q?")}
    imported = imported_of(tmp_path, {**GOOD, "question_id": "r", "question": None}, GOOD, known=known)
    assert "no training question 'r'" in imported.skipped_rows[0]


def test_nothing_to_import_and_a_folder_without_an_import_are_reported(tmp_path):
    with pytest.raises(UserError, match="none of 1 rows is a valid candidate; the first is"):
        imported_of(tmp_path, "{broken")
    [fault] = ImportedCandidates(tmp_path / "nothing").faults()
    assert "python -m thoughtrank.data import" in fault
    imported_of(tmp_path, GOOD)
    assert ImportedCandidates(tmp_path / "import").faults() == []
    write(tmp_path / "import" / "questions.jsonl", {"question": "Changed?"})
    [fault] = ImportedCandidates(tmp_path / "import").faults()
    assert "import the file again" in fault


texts = st.text(max_size=12)


@given(st.lists(st.tuples(texts.filter(str.strip), texts, texts), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_as_it_was(tmp_path, drawn):
    rows = [{"question": question, "thought": thought, "answer": answer} for question, thought, answer in drawn]
    imported_of(tmp_path, *rows)
    back = ImportedCandidates(tmp_path / "import")
    text_of = {question.question_id: question.text for question in back.questions()}
    written = [(question.strip(), thought, answer) for question, thought, answer in drawn]
    order = list(dict.fromkeys(question for question, _, _ in written))
    # Question after question, and those of one question in the order of the rows.
    assert [(text_of[each.question_id], each.thought, each.answer) for each in back.candidates()] == sorted(
        written, key=lambda row: order.index(row[0])
    )


def test_a_row_that_another_run_marked_at_a_tag_keeps_its_mark(tmp_path):
    imported_of(tmp_path, {**GOOD, "answer_finish": "tag"}, {**GOOD, "thought_finish": "tag"})
    kept = list(ImportedCandidates(tmp_path / "import").candidates())
    assert [(each.thought_finish, each.answer_finish) for each in kept] == [("stop", "tag"), ("tag", "stop")]


def test_a_conversation_is_imported_with_the_turns_before_its_question(tmp_path):
    messages = [{"role": "user", "content": "2 + 3?"}, {"role": "assistant", "content": "5"}]
    asked = {"messages": [*messages, {"role": "user", "content": "Plus 4?"}], "thought": "t", "answer": "9"}
    alone = {**GOOD, "question": "Plus 4?"}
    imported = imported_of(tmp_path, asked, {**asked, "thought": "u"}, alone)
    assert (imported.skipped_rows, imported.candidates.total(), len(imported.questions)) == ([], 3, 2)
    stored = ImportedCandidates(tmp_path / "import")
    assert stored.questions() == list(imported.questions.values())
    assert [len(question.context) for question in stored.questions()] == [2, 0]
    assert {question.key for question in everything(tmp_path / "import" / "questions.jsonl")} == set(imported.questions)


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("thoughtrank.storage.tables._ROWS_AT_ONCE", 50)
    imported_of(tmp_path, GOOD)  # loads what is not counted
    peaks = []
    for questions in (4, 20):
        rows = [{**GOOD, "question": f"{n // 50}?", "thought": f"{n:04d}" * 200} for n in range(50 * questions)]
        file = write(tmp_path / f"{questions}.jsonl", *rows)
        tracemalloc.start()
        imported = import_files(files=[file], folder=tmp_path / f"import_{questions}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert imported.candidates.total() == 50 * questions
    assert peaks[1] - peaks[0] < 16 * 50 * 800 / 4
