"""What is said of rows that are not used, and of reference answers that can never be right."""

import pytest
from question_files import numbered, source, write

from thoughtrank.config.row_warnings import warn_about_rows


@pytest.mark.parametrize(("broken", "last"), [(10, "row"), (11, "skipped 1 more row"), (12, "skipped 2 more rows")])
def test_ten_rows_are_named_and_the_others_counted(tmp_path, capsys, broken, last):
    path = write(tmp_path / "rows.jsonl", *numbered(3), *["{broken"] * broken)
    warn_about_rows(source(path))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"warning: skipped {path}:4: not valid JSON")
    assert len(lines) == min(broken, 11)
    assert lines[-1] == f"warning: {last}" or last == "row"


def test_an_answer_that_can_never_be_right_is_named_after_the_rows(tmp_path, capsys):
    rows = [{"question": f"Which letter is right, {number}?", "answer": "5"} for number in range(3)]
    warn_about_rows(source(write(tmp_path / "rows.jsonl", "{broken", *rows), answer_kind="letter"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("warning: skipped")
    assert len(lines) == 4
    assert all("can never be right: '5'" in line for line in lines[1:])
