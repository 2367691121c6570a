from dataclasses import replace

import pytest
from stored_runs import stored_run

from thoughtrank.report.html.about import about
from thoughtrank.report.html.stored_run import read_run


def test_model_questions_and_sizes_are_named(tmp_path):
    run = read_run(stored_run(tmp_path))
    assert about(run) == ""
    config = {
        "model": {"name": "HuggingFaceTB/SmolLM2-135M-Instruct"},
        "questions": {"_target_": "thoughtrank.questions.word_problems.source.WordProblems", "train_per_round": 40},
        "optimizer": {"lr": 0.0002},
        "training": {"batch_size": 8},
    }
    text = about(replace(run, config=config))
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
    assert about(replace(read_run(stored_run(tmp_path)), config={"judge": judge})).startswith(text)


def test_the_hardware_is_named(tmp_path):
    run = replace(read_run(stored_run(tmp_path)), config={"optimizer": {"lr": 0.1}})
    engine = {"device": "cpu", "dtype": "bfloat16", "threads": 2}
    rounds = [replace(each, facts={"generation": {"engine": engine}}) for each in run.rounds]
    text = about(replace(run, rounds=rounds))
    assert text.startswith("hardware: CPU, bfloat16, 2 threads; learning rate: 0.1.")
