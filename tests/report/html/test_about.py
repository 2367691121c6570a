from dataclasses import replace

import pytest
from stored_runs import stored_run
from test_prefix_section import statistics_of

from thoughtrank.report.html.about import about
from thoughtrank.report.html.stored_run import read_run


def test_model_questions_and_sizes_are_named(tmp_path):
    run = read_run(stored_run(tmp_path))
    assert about(replace(run, config={}), []) == ""
    config = {
        "model": {"name": "HuggingFaceTB/SmolLM2-135M-Instruct"},
        "questions": {"_target_": "thoughtrank.questions.word_problems.source.WordProblems", "train_per_round": 40},
        "optimizer": {"lr": 0.0002},
        "training": {"batch_size": 8},
    }
    text = about(replace(run, config=config), [])
    assert text.startswith(
        "model: SmolLM2-135M-Instruct; questions: word problems; 40 questions per round; 8 examples per batch; "
        "learning rate: 0.0002. In each round "
    )


@pytest.mark.parametrize(
    ("judge", "text"),
    [
        ({"_target_": "a.ReferenceJudge"}, "judge: none (a program compares the answers with the reference answers)."),
        ({"_target_": "a.OpenAICompatibleJudge", "model": "gpt-4o"}, "judge: gpt-4o."),
        ({"_target_": "a.SimulatedJudge"}, "judge: simulated judge."),
    ],
)
def test_the_judge_is_named_by_its_model_or_by_what_takes_its_place(tmp_path, judge, text):
    assert about(replace(read_run(stored_run(tmp_path)), config={"judge": judge}), []).startswith(text)


def test_the_hardware_is_named(tmp_path):
    run = replace(read_run(stored_run(tmp_path)), config={"optimizer": {"lr": 0.1}})
    engine = {"device": "cpu", "dtype": "bfloat16", "threads": 2}
    rounds = [replace(each, facts={"generation": {"engine": engine}}) for each in run.rounds]
    text = about(replace(run, rounds=rounds), [])
    assert text.startswith("hardware: CPU, bfloat16, 2 threads; learning rate: 0.1.")


def test_the_seed_is_named_and_those_of_components_that_differ(tmp_path):
    run = read_run(stored_run(tmp_path))
    same = {"seed": 3, "questions": {"seed": 3}}
    assert about(replace(run, config=same), []).startswith("seed: 3. In each round ")
    other = {"seed": 3, "questions": {"seed": 0}, "prefixes": {"sampled": {"seed": 3}}}
    assert about(replace(run, config=other), []).startswith("seed: 3 (questions.seed 0). In each round ")


def test_the_day_of_the_start_is_named(tmp_path):
    folder = stored_run(tmp_path)
    (folder / "run.log").write_text(
        "2026-11-27 21:02:57 [7] started: rounds=4\n2026-11-28 00:00:01 [8] started: rounds=4\n"
    )
    run = read_run(folder)
    assert "; started: 2026-11-27. In each round" in about(replace(run, config={"seed": 0}), [])


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, "In each round the model of the round before (in round 1 the base model) writes candidates, "),
        ({"generation": {"models": ["base"]}}, "In each round the base model writes candidates, one for"),
        (
            {"generation": {"models": ["previous", "base"]}},
            "In each round the base model and that of the round before (in round 1 the base model) writes candidates, ",
        ),
        (
            {"candidates": "mine"},
            "In each round the model of the round before (the candidates of round 1 were imported) writes",
        ),
    ],
)
def test_the_model_that_writes_the_candidates_is_named(tmp_path, config, text):
    run = read_run(stored_run(tmp_path))
    assert text in about(replace(run, config={"seed": 0, **config}), [])


def test_the_numbers_of_questions_candidates_and_examples_follow_from_each_other(tmp_path):
    run = read_run(stored_run(tmp_path, rounds=2, questions=4))
    assert about(replace(run, config={"seed": 0}), [statistics_of(run, 1), statistics_of(run, 2)]).endswith(
        "become examples: 24 candidates for 8 questions in all; the answers differ in rank for 8 questions; 8 candidates, for "
        "8 questions, were selected as examples."
    )
