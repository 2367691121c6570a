import json

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.question_plan import (
    development_tokens,
    question_line,
    screening_lines,
    screening_tokens,
)
from thoughtrank.config.schema import load_config


@pytest.fixture
def plan_of():
    def make(*overrides):
        config = load_config(composed("model=tiny", "logger=none", *overrides))
        return config, make_components(config)

    return make


def test_the_kinds_of_the_references_are_counted_for_every_set(plan_of):
    line = question_line(*plan_of("questions.held_out=400", "questions.held_out_unseen=60", "questions.development=80"))
    assert line == (
        "test: 400 questions (answers: 400 numbers); test of unseen families: 60 questions (answers: 60 numbers); "
        "development: 80 questions (answers: 80 numbers)"
    )
    line = question_line(*plan_of("questions.held_out=400", "questions.held_out_unseen=0", "questions.development=0"))
    assert line == "test: 400 questions (answers: 400 numbers)"


def test_questions_of_several_kinds_are_told_apart(plan_of, tmp_path):
    path = tmp_path / "mixed.jsonl"
    answers = ["12", "3.5", "B", "Paris", "It was the best of times, it was the worst of times.", None]
    path.write_text("".join(json.dumps({"question": f"{each}?", "answer": each}) + "\n" for each in answers))
    line = question_line(*plan_of("questions=file", f"questions.path={path}", "questions.held_out=6"))
    assert line == "test: 6 questions (answers: 2 numbers, 1 letter, 1 short text, 1 free text, 1 without reference)"


def test_questions_without_any_reference_answer_are_said_to_have_none(plan_of, tmp_path):
    path = tmp_path / "open.jsonl"
    path.write_text(json.dumps({"question": "Why?"}))
    line = question_line(*plan_of("questions=file", f"questions.path={path}", "questions.held_out=1"))
    assert line == "test: 1 question (without reference answers)"


def test_too_few_questions_are_counted_although_they_cannot_be_divided(plan_of, tmp_path):
    path = tmp_path / "few.jsonl"
    path.write_text("".join(json.dumps({"question": f"{each}?", "answer": "1"}) + "\n" for each in range(3)))
    line = question_line(*plan_of("questions=file", f"questions.path={path}", "questions.held_out=4"))
    assert line == "3 questions in all, fewer than are asked for"


def test_questions_that_cannot_be_read_do_not_hide_the_plan(plan_of, tmp_path):
    line = question_line(*plan_of("questions=file", f"questions.path={tmp_path}/missing.jsonl"))
    assert line == "unknown until they can be read"


def test_development_questions_cost_tokens_where_they_choose_the_round(plan_of):
    assert development_tokens(*plan_of("questions.development=50"), rounds=range(5)) == 0
    best = plan_of("questions.development=50", "export.which=best")
    assert "development, which choose the round to export: 50 questions (answers: 50 numbers)" in question_line(*best)
    assert development_tokens(*best, rounds=range(4)) == 2 * development_tokens(*best, rounds=range(2)) > 0


@pytest.mark.parametrize("key", ["held_out", "held_out_unseen", "development"])
def test_a_negative_number_of_questions_does_not_end_the_plan(plan_of, key):
    assert question_line(*plan_of(f"questions.{key}=-2")) == "unknown until their numbers are corrected"


def test_a_screening_is_announced_and_costs_tokens(plan_of):
    assert screening_lines(*plan_of()) == []
    assert screening_tokens(*plan_of(), rounds=[1, 2]) == 0
    plan = plan_of("questions.screen=4", "questions.train_per_round=10", "questions.screen_prefixes=6")
    [line] = screening_lines(*plan)
    assert "40 questions x 7 thoughts = 280 candidates per round" in line
    assert line.endswith(
        "; keeps up to 10 questions that some but not all of these thoughts solve (right answer, positive gain)"
    )
    assert screening_tokens(*plan, rounds=[1, 2]) == 2 * screening_tokens(*plan, rounds=[1]) > 0


def test_no_more_prefixes_are_tried_than_the_run_has(plan_of):
    [line] = screening_lines(*plan_of("questions.screen=2", "prefixes=digits", "questions.screen_prefixes=99"))
    assert "80 questions x 11 thoughts" in line
