import json

import pytest
from composing import composed_small, faults_of

from thoughtrank import run
from thoughtrank.data.import_candidates import import_files
from thoughtrank.errors import UserError
from thoughtrank.run import do_run


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def unanswered(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps({"question": f"Question {number}?"}) + "\n" for number in range(20)))
    return f"questions.path={path}"


def test_a_run_in_order_has_no_faults():
    assert faults_of() == []


def test_a_missing_key_is_named_by_its_variable():
    [fault] = faults_of("judge=gpt4")
    assert "OPENAI_API_KEY" in fault


def test_a_context_too_small_for_thought_and_answer_is_told():
    [fault] = faults_of("model.context=104", "generation.thought_tokens=64", "generation.answer_tokens=40")
    assert "104" in fault
    assert "context" in fault
    assert faults_of("model.context=4096", "generation.thought_tokens=64", "generation.answer_tokens=40") == []


def test_a_missing_file_is_named(tmp_path):
    [fault] = faults_of("questions=file", f"questions.path={tmp_path}/nothing.jsonl")
    assert f"{tmp_path}/nothing.jsonl" in fault


def test_a_judge_that_needs_references_does_not_take_questions_without(unanswered):
    [fault] = faults_of("questions=file", unanswered, "judge=reference")
    assert "8 of the first round's questions have none" in fault
    assert faults_of("questions=file", unanswered, "judge=fake") == []


def test_too_few_questions_for_all_rounds_are_told(unanswered):
    assert faults_of("questions=file", unanswered, "judge=fake", "rounds=2") == []
    [fault] = faults_of("questions=file", unanswered, "judge=fake", "rounds=3")
    assert "26 are asked for" in fault


def test_a_model_that_does_not_fit_the_disk_is_told():
    [fault] = faults_of("model.hidden_size=16777216")
    assert "GB" in fault
    assert "cache_dir" in fault


def test_a_model_that_is_not_there_is_named(tmp_path):
    [fault] = faults_of("model=smollm2_135m_q4", f"model.name={tmp_path}/nothing")
    assert f"{tmp_path}/nothing" in fault


def test_faults_of_different_groups_are_told_at_once(tmp_path):
    faults = faults_of(
        *(
            "judge=gpt4",
            "selection.k=0",
            "training.micro_batch_size=3",
            "prefixes=literal",
            "prefixes.literal.values=[]",
        ),
        *("questions=file", f"questions.path={tmp_path}/nothing.jsonl"),
    )
    for clue in ("OPENAI_API_KEY", "selection.k=0", "micro_batch_size=3", "prefixes", "nothing.jsonl"):
        assert sum(clue in fault for fault in faults) == 1, clue
    assert len(faults) == 5


def test_a_context_too_small_is_not_hidden_behind_other_faults():
    faults = faults_of("judge=gpt4", "training.micro_batch_size=3", "model.context=50")
    for clue in ("OPENAI_API_KEY", "micro_batch_size=3", "context of 50 tokens"):
        assert sum(clue in fault for fault in faults) == 1, clue


def test_missing_references_are_not_hidden_behind_other_faults(unanswered):
    faults = faults_of("questions=file", unanswered, "judge=reference", "training.micro_batch_size=3")
    for clue in ("reference answer", "micro_batch_size=3"):
        assert sum(clue in fault for fault in faults) == 1, clue


def test_first_tokens_need_an_engine_that_can_choose_them():
    served = ("engine=openai", "engine.base_urls=[http://127.0.0.1:1/v1]")
    assert faults_of(*served) == []
    assert faults_of("prefixes=first_tokens") == []
    [fault] = faults_of(*served, "prefixes=first_tokens")
    assert "engine=transformers" in fault


def test_a_dry_run_tells_the_plan_and_then_what_the_machine_lacks_for_it(tmp_path, capsys):
    lacking = ("judge=gpt4", "questions=gsm8k", f"questions.name={tmp_path}/nothing", "dry_run=true")
    with pytest.raises(UserError) as caught:
        do_run(composed_small(*lacking), choices={})
    for clue in ("OPENAI_API_KEY", f"{tmp_path}/nothing"):
        assert sum(clue in fault for fault in caught.value.faults) == 1, clue
    plan = capsys.readouterr().out
    assert "8 questions x 62 prefixes = 496 candidates" in plan
    assert "2 held-out questions" in plan


def test_a_dry_run_of_a_model_that_is_not_there_has_no_plan(tmp_path, capsys):
    with pytest.raises(UserError, match="nothing"):
        do_run(composed_small("model=smollm2_135m_q4", f"model.name={tmp_path}/nothing", "dry_run=true"), choices={})
    assert capsys.readouterr().out == ""


def test_a_dry_run_with_a_setting_that_leaves_nothing_to_plan_with_is_one_message(capsys, monkeypatch):
    def fail(**_: object) -> str:
        raise ValueError("nothing to plan with")

    monkeypatch.setattr(run, "plan_text", fail)
    judge = ("judge=openai", "judge.model=m", "judge.api_key_env=null", "judge.base_url='http://[bad'")
    with pytest.raises(UserError) as caught:
        do_run(composed_small(*judge, "dry_run=true"), choices={})
    [fault] = caught.value.faults
    assert "judge.base_url is no URL of a server" in fault
    assert capsys.readouterr().out == ""


def test_imported_candidates_that_cannot_be_ranked_are_told(tmp_path):
    [fault] = faults_of(f"candidates={tmp_path}")
    assert "is no folder of imported candidates" in fault
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"question": "Question 1?", "reference": 1, "thought": "t", "answer": "a"}')
    import_files(files=[rows], folder=tmp_path)
    assert faults_of(f"candidates={tmp_path}") == []
    rows.write_text('{"question": "Question 1?", "thought": "t", "answer": "a"}')
    import_files(files=[rows], folder=tmp_path)
    [fault] = faults_of(f"candidates={tmp_path}")
    assert "1 of the first round's questions have none" in fault
    held_out = ["questions=file", f"questions.path={tmp_path}/questions.jsonl", "questions.held_out=1"]
    [fault] = faults_of(f"candidates={tmp_path}", *held_out)
    assert "all of its questions are held out" in fault
    [fault, _] = faults_of(f"candidates={tmp_path}", "questions=reasoning_gym")
    assert "scores answers to its own questions only" in fault


def test_a_model_generates_once():
    assert faults_of("generation.models=[base,previous]") == []
    [fault] = faults_of("generation.models=[base,base]")
    assert "names a model twice" in fault


def test_the_best_round_can_only_be_chosen_with_development_questions():
    assert faults_of("export.which=best", "questions.development=5") == []
    assert faults_of("export.which=last", "questions.development=0") == []
    [fault] = faults_of("export.which=best", "questions.development=0")
    assert "set questions.development, such as questions.development=200, or export.which=last" in fault


def test_the_best_round_can_only_be_chosen_with_reference_answers(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps({"question": f"Who was the number {number}?"}) for number in range(60)))
    questions = ["questions=file", f"questions.path={path}", "questions.development=5", "judge=simulated"]
    [fault] = faults_of("export.which=best", *questions)
    assert "none of them has a reference answer: choose export.which=last" in fault
    assert faults_of("export.which=last", *questions) == []
