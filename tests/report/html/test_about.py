from dataclasses import replace

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
