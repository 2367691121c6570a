import csv
import re

import pytest

from thoughtrank.report.sweep_jobs import SweepJob, read_jobs, record_job
from thoughtrank.report.sweep_table import comparison, comparison_text, write_comparison
from thoughtrank.storage.json_files import write_json

BOTH = "rounds=2"


def entry(number, *, accuracy, examples=0, cost=0.0):
    return {
        "round": number,
        **dict.fromkeys(("accuracy", "direct_accuracy", "unseen_accuracy"), accuracy),
        **{f"{name}_{end}": accuracy for name in ("accuracy", "direct", "unseen") for end in ("low", "high")},
        "thought_rate": 1.0,
        "examples": examples,
        "judge_cost": cost,
    }


@pytest.fixture
def jobs(tmp_path):
    summary = tmp_path / "summary.json"
    rounds = [
        entry(0, accuracy=0.1),
        entry(1, accuracy=0.5, examples=7, cost=0.25),
        entry(2, accuracy=0.3, examples=5, cost=0.5),
    ]
    write_json(summary, {"rounds": rounds, "exported_round": 1})
    return [
        SweepJob(0, ("selection=best", BOTH), run="one", outcome="finished", summary=str(summary)),
        SweepJob(1, ("selection=top_k", BOTH), run="two", outcome="failed", error="no key", log="runs/two/run.log"),
        SweepJob(2, ("selection=all", BOTH), run="three", outcome="stopped"),
    ]


def test_the_comparison_shows_what_was_varied_and_the_exported_round(jobs):
    first, second, third = comparison(jobs)
    assert (first["selection"], first["exported_round"], first["accuracy"]) == ("best", 1, 0.5)
    assert (first["examples"], first["judge_cost"]) == (12, 0.75)
    assert "rounds" not in first
    assert (second["outcome"], second["error"]) == ("failed", "no key")
    assert "accuracy" not in second
    assert third["outcome"] == "stopped"


def test_the_closing_table_names_every_failure_and_its_log(jobs):
    table, runs = comparison_text(jobs, []).split("\n\n")
    lines = [*table.splitlines(), runs.splitlines()[-1]]
    assert len(lines) == 1 + 3 + 1
    assert [line.split()[-1] for line in runs.splitlines()[:-1]] == ["run", "one", "two", "three"]
    assert max(map(len, lines)) <= 100
    assert "selection=best" in lines[1]
    assert "50.0 %" in lines[1]
    assert "$0.75" in lines[1]
    assert "failed" in lines[2]
    assert "stopped" in lines[3]
    assert lines[4] == "job 1 failed: no key (see runs/two/run.log)"


def test_the_comparison_is_written_as_a_table(tmp_path, jobs):
    (written,) = write_comparison(tmp_path, jobs, [])
    with written.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["one", "two", "three"]
    assert rows[0]["accuracy"] == "0.5"
    assert rows[1]["accuracy"] == ""


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_damaged_record_of_a_job_is_a_failed_job_and_a_damaged_summary_has_no_figures(jobs, tmp_path, text):
    for job in jobs:
        record_job(tmp_path / "sweep", job)
    (tmp_path / "sweep" / "job_0001.json").write_text(text)
    (tmp_path / "summary.json").write_text("{")
    read = read_jobs(tmp_path / "sweep")
    assert [job.outcome for job in read] == ["finished", "failed", "stopped"]
    assert "job_0001.json is damaged" in comparison_text(read, [])
    assert "accuracy" not in comparison(read)[0]


def finished(tmp_path, number, *, effect, arms, control):
    path = tmp_path / f"{number}.json"
    summary = {
        "rounds": [{**entry(0, accuracy=0.5), "arms": arms}],
        "exported_round": 0,
        "thought_effect": effect,
        "controls": {} if control is None else {"answers_only": control},
    }
    write_json(path, summary)
    return SweepJob(number, (f"rounds={number}",), run=f"run {number}", outcome="finished", summary=str(path))


@pytest.fixture
def measured(tmp_path):
    effect = {
        "points": 10.5,
        "low": 6.1,
        "high": 14.9,
        "p_value": 0.0321,
        "n": 400,
        "against": "answers_only/copies thought",
    }
    arms = {"own_thought": {"accuracy": 0.445}, "answer_at_once": {"accuracy": 0.01}}
    control = {"accuracy": 0.335, "unseen_accuracy": None, "examples": 9, "steps": 2}
    control["arms"] = {"answer_at_once": {"accuracy": 0.315}}
    return [
        finished(tmp_path, 1, effect=effect, arms=arms, control=control),
        finished(tmp_path, 2, effect=None, arms={}, control=None),
    ]


def columns_of(text):
    """Column title to the cells under it, also where the table is folded."""
    columns = {}
    for block in text.split("\n\n"):
        header, *lines = block.splitlines()
        titles = list(re.finditer(r"\S+(?: \S+)*", header))
        ends = [title.start() for title in titles[1:]] + [None]
        for title, end in zip(titles, ends, strict=True):
            columns[title[0]] = [line[title.start() : end].strip() for line in lines]
    return columns


def test_the_closing_table_shows_the_thought_effect_and_the_arms_and_the_control_beside_it(measured):
    text = comparison_text(measured, [])
    assert max(map(len, text.splitlines())) <= 100
    columns = columns_of(text)
    titles = [
        "varied",
        "thought effect",
        "accuracy",
        "empty thought",
        "own thought",
        "answer at once",
        "answers only",
        "answers only: answer at once",
    ]
    assert [each for each in columns if each in titles] == titles
    cells = {title: cells[0] for title, cells in columns.items()}
    assert cells["thought effect"] == "+10.5 points [+6.1 to +14.9], p = 0.032, n = 400"
    assert (cells["own thought"], cells["answer at once"]) == ("44.5 %", "1.0 %")
    assert (cells["answers only"], cells["answers only: answer at once"]) == ("33.5 %", "31.5 %")
    assert "swapped thought" not in columns
    assert columns["thought effect"][1] == "–"


def test_accuracy_on_development_questions_has_a_column_and_chooses(tmp_path):
    jobs = []
    for number, accuracy in enumerate((0.25, 0.75)):
        path = tmp_path / f"{number}.json"
        last = {**entry(0, accuracy=0.5), "development_accuracy": accuracy}
        write_json(path, {"rounds": [last], "exported_round": 0})
        jobs.append(SweepJob(number, (f"k={number}",), run=f"run {number}", outcome="finished", summary=str(path)))
    text = comparison_text(jobs, [])
    assert columns_of(text.partition("best on")[0])["development accuracy"][:2] == ["25.0 %", "75.0 %"]
    assert "best on development questions: k=1 (75.0 %); choose" in text
    assert max(map(len, text.splitlines())) <= 100
    assert [row["development_accuracy"] for row in comparison(jobs)] == [0.25, 0.75]


def test_a_job_whose_judge_has_no_known_price_has_no_cost(tmp_path):
    path = tmp_path / "one.json"
    rounds = [entry(0, accuracy=0.5), entry(1, accuracy=0.5, cost=None)]
    write_json(path, {"rounds": rounds, "exported_round": 0})
    jobs = [SweepJob(0, (), run="one", outcome="finished", summary=str(path))]
    assert comparison(jobs)[0]["judge_cost"] is None
    assert columns_of(comparison_text(jobs, []))["judge"] == ["?"]


def test_the_comparison_has_the_mean_over_families_where_the_run_has_it(tmp_path):
    for number, more in enumerate(({"family_macro_accuracy": 0.25}, {})):
        path = tmp_path / f"{number}.json"
        write_json(path, {"rounds": [{**entry(0, accuracy=0.5), **more}], "exported_round": 0})
        [row] = comparison([SweepJob(0, (), run="one", outcome="finished", summary=str(path))])
        assert row.get("family_macro_accuracy") == more.get("family_macro_accuracy")


def test_the_comparison_has_the_numbers_of_effect_arms_and_controls(measured):
    first, second = comparison(measured)
    assert (first["thought_effect_points"], first["thought_effect_low"], first["thought_effect_high"]) == (
        10.5,
        6.1,
        14.9,
    )
    assert (first["thought_effect_p_value"], first["thought_effect_n"]) == (0.0321, 400)
    assert (first["own_thought_accuracy"], first["answer_at_once_accuracy"]) == (0.445, 0.01)
    assert (first["control_answers_only_accuracy"], first["control_answers_only_answer_at_once"]) == (0.335, 0.315)
    assert second["accuracy"] == 0.5
    assert not any(name.startswith(("thought_effect", "control", "own")) for name in second)
