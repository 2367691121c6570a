import pytest
from study_runs import run_folder

from thoughtrank.report.study.kept_runs import by_setting, read_runs
from thoughtrank.report.study.round_tables import arms_table, families_table, rounds_table


@pytest.fixture
def groups(tmp_path):
    for seed, right in enumerate((5, 7)):
        run_folder(tmp_path, f"plain-seed{seed}", right=right, with_replies=False)
    return by_setting(read_runs(tmp_path), order=[])


def rows_of(table):
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_a_round_has_the_means_of_its_seeds(groups):
    before, after = rows_of(rounds_table(groups))
    assert (before["accuracy"], before["candidates"], before["evaluation s"]) == ("10.0 %", "–", "30")
    assert (after["accuracy"], after["tokens"], after["genuine"], after["steps"]) == ("30.0 %", "1,000", "3", "16")
    assert after["genuine per million tokens"] == "3,000"
    assert not {"mean gain", "development"} & after.keys(), "no run has it"


def test_choices_between_settings_have_the_accuracy_on_development_questions(groups):
    for runs in groups.values():
        for run, accuracy in zip(runs, (0.2, 0.3), strict=True):
            run.rounds[-1]["development_accuracy"] = accuracy
    assert [row["development"] for row in rows_of(rounds_table(groups))] == ["–", "25.0 %"]


def test_the_family_macro_accuracy_stands_beside_the_accuracy(groups):
    for runs in groups.values():
        for run, accuracy in zip(runs, (0.25, 0.75), strict=True):
            run.rounds[-1]["family_macro_accuracy"] = accuracy
    assert [row["family-macro"] for row in rows_of(rounds_table(groups))][-1] == "50.0 %"


def test_tokens_without_those_of_a_screening_are_no_measure(groups):
    for runs in groups.values():
        for run in runs:
            run.rounds[-1]["screening"] = {"screened": 16, "seconds": 3.0}
    after = rows_of(rounds_table(groups))[-1]
    assert after["screened"] == "16"
    assert "genuine per million tokens" not in after


def test_families_are_those_of_the_last_round(groups, tmp_path):
    run_folder(tmp_path, "screened-seed0", right=16, with_replies=False)
    [row] = rows_of(families_table(by_setting(read_runs(tmp_path), order=["plain"])))
    assert row == {"family": "sharing", "questions": "4", "`plain`": "25.0 %", "`screened`": "75.0 %"}
    for runs in groups.values():
        for run in runs:
            del run.rounds[-1]["families"]
    assert families_table(groups) == "", "a summary of an older version has none"


def test_arms_are_those_of_the_first_and_last_round_and_of_each_control(groups):
    rows = rows_of(arms_table(groups))
    assert [row["model"] for row in rows] == ["round 0", "round 1", "answers only, copies"]
    assert (rows[1]["own thought"], rows[1]["edited thought"], rows[1]["follows"]) == (
        "30.0 % (25.0–35.0)",
        "10.0 %",
        "80.0 %",
    )
    assert (rows[2]["free reply"], rows[2]["own thought"]) == ("20.0 %", "–")
