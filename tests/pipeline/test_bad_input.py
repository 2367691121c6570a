"""What a user is told when something cannot work: one plain message each, and nothing that was good is lost."""

import json

import pytest


def write_rows(path, rows) -> str:
    path.write_text("\n".join(json.dumps(row) if not isinstance(row, str) else row for row in rows) + "\n")
    return f"questions.path={path}"


@pytest.fixture
def small_file(workplace):
    """Overrides for a question file: the small config's word-problem keys do not fit it."""

    def overrides(rows) -> list[str]:
        workplace.left_out = ("questions.held_out_unseen",)
        return ["questions=file", write_rows(workplace.folder / "questions.jsonl", rows)]

    return overrides


def test_all_faults_are_reported_together_and_without_a_traceback(workplace):
    workplace.environment["OPENAI_API_KEY"] = ""
    output = workplace.run(
        "judge=gpt4", "training.batch_size=3", "generation.answer_tokens=100000", "selection.k=0", status=2, fresh=True
    )
    for text in ("OPENAI_API_KEY", "batch_size=3", "context", "selection.k=0"):
        assert text in output
    assert "Traceback" not in output
    assert not (workplace.folder / "cache").exists()


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("rounds=0", "rounds"),
        ("rounds=many", "rounds"),
        ("optimizer.lr=fast", "optimizer.lr"),
        ("+optimizer.momentum=0.9", "optimizer.momentum: unknown key"),
        ("judge._target_=nowhere.Judge", "nowhere"),
        ("strategy.devices=2", "strategy.devices=1"),
        ("model.layers=0.5", "model.layers"),
    ],
)
def test_a_bad_value_is_named_with_its_key(workplace, override, told):
    output = workplace.run(override, status=2)
    assert told in output
    assert "Traceback" not in output


@pytest.mark.parametrize("flags", [[], ["--multirun"]], ids=["one run", "sweep"])
def test_a_run_cannot_leave_runs_dir(workplace, flags):
    output = workplace.run(*flags, "run=../../elsewhere/x", status=2)
    assert "run: the name must be a folder inside runs_dir" in output
    assert "Traceback" not in output
    assert not (workplace.folder.parent / "elsewhere").exists()
    assert not (workplace.folder / "runs").exists()


def test_a_dry_run_prints_the_plan_and_touches_nothing(workplace):
    output = workplace.run("dry_run=true")
    assert "40 candidates per round" in output
    assert list(workplace.folder.iterdir()) == []


def test_bad_rows_are_named_and_the_others_go_on(workplace, small_file):
    rows = [{"question": f"What is {number} + 1?", "answer": number + 1} for number in range(12)]
    broken = ["{broken", {"question": ""}]
    output = workplace.run("run=rows", "rounds=1", "stop_after=generation", *small_file([*rows, *broken]))
    assert "questions.jsonl:13" in output
    assert "questions.jsonl:14" in output
    assert len(workplace.rows("rows", "round_1", "1_candidates")) == 40


def test_questions_without_room_are_named_before_generation_and_the_others_go_on(workplace, small_file):
    rows = [{"question": f"What is {number} + 1?", "answer": number + 1} for number in range(16)]
    long = [{"question": f"{number} apples? " * 2_000, "answer": 1} for number in range(4)]
    output = workplace.run("run=long", "rounds=2", *small_file([*rows, *long]), "questions.held_out=10")
    assert output.count("warning: left out question") == 4
    for number in range(4):
        assert output.index(f"{number} apples?") < output.index("evaluation:")
    entries = json.loads(workplace.path("long", "summary.json").read_text())["rounds"]
    left_out = [entry["questions_left_out"] for entry in entries]
    assert left_out[0] == 0
    assert sum(left_out) + entries[0]["held_out_left_out"] == 4
    assert entries[0]["n"] == 10 - entries[0]["held_out_left_out"]
    for number in (1, 2):
        candidates = workplace.rows("long", f"round_{number}", "1_candidates")
        assert len(candidates) == len(workplace.rows("long", f"round_{number}", "2_rankings"))
        assert len(candidates) == (4 - left_out[number]) * 10


def test_a_file_of_nothing_but_questions_without_room_is_one_error(workplace, small_file):
    rows = [{"question": f"{number} apples? " * 2_000, "answer": 1} for number in range(12)]
    output = workplace.run("run=long", "rounds=1", *small_file(rows), status=2)
    assert output.count("error:") == 1
    assert "are all too long" in output
    assert "Traceback" not in output
    assert "round 0 evaluation" not in output


def test_control_characters_in_a_question_do_no_harm(workplace, small_file):
    strange = ["\x00", "\x1b[2J\x07", "\r\n\t", "\u202e\ufeff", "\x7f\x85"]
    rows = [{"question": f"What {text} is {n}?", "answer": n} for n in range(2) for text in strange]
    workplace.run("run=strange", "rounds=1", *small_file(rows))
    rows = workplace.rows("strange", "round_1", "1_candidates")
    assert len(rows) == len(workplace.rows("strange", "round_1", "2_rankings")) == 40


def test_every_number_of_prefixes_gives_that_many_candidates(workplace):
    prefixes = {number: [f"{chr(97 + index % 26)}{index}" for index in range(number)] for number in (61, 62, 63)}
    values = ",".join(f"[{','.join(each)}]" for each in prefixes.values())
    workplace.run("-m", "stop_after=generation", "prefixes=literal", f"prefixes.literal.values={values}")
    runs = [path.parent.parent for path in workplace.folder.glob("runs/*/round_1/1_candidates")]
    tables = [workplace.rows(run.name, "round_1", "1_candidates") for run in runs]
    assert sorted(len(rows) for rows in tables) == [4 * number for number in prefixes]
    for rows in tables:
        number = len(rows) // 4
        assert [row["prefix"] for row in rows[:number]] == prefixes[number]
        assert len({row["candidate_id"] for row in rows}) == 4 * number


@pytest.mark.parametrize(
    ("values", "told"), [("[]", "the list is empty"), ("[a,b,a]", "more than once"), ("[a,'']", "an empty prefix")]
)
def test_prefixes_that_cannot_work_are_one_error(workplace, values, told):
    output = workplace.run("prefixes=literal", f"prefixes.literal.values={values}", status=2)
    assert output.count("error:") == 1
    assert told in output
    assert not (workplace.folder / "cache").exists()


def test_a_round_without_examples_keeps_its_model_and_goes_on(workplace):
    # A random model ends no turn within eight tokens: every answer is cut, and cut answers are not chosen.
    output = workplace.run("run=none", "rounds=2", "selection.allow_truncated=false")
    assert output.count("found no example") == 2
    base, first = (
        workplace.path("none", name, "model.safetensors").read_bytes()
        for name in ("round_1/4_model", "round_2/4_model")
    )
    assert base == first
    summary = json.loads(workplace.path("none", "summary.json").read_text())
    assert [entry["examples"] for entry in summary["rounds"]] == [0, 0, 0]


def test_questions_without_answers_need_a_judge_that_reads(workplace, small_file):
    rows = [{"question": f"Tell me about the number {number}."} for number in range(12)]
    output = workplace.run("run=open", "rounds=1", "judge=reference", *small_file(rows), status=2)
    assert "reference answer" in output
    workplace.run("run=open", "rounds=1", *small_file(rows))
    summary = json.loads(workplace.path("open", "summary.json").read_text())
    assert summary["rounds"][1]["accuracy"] is None
