import json

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.arm_questions import questions_by_arm
from thoughtrank.config.schema import load_config


@pytest.fixture
def counted(tmp_path):
    def count(answers, *, path=None):
        written = tmp_path / "questions.jsonl"
        rows = [
            json.dumps({"question": f"Which, number {number}?", "answer": each}) for number, each in enumerate(answers)
        ]
        written.write_text("\n".join(rows))
        questions = ["questions=file", f"questions.path={path or written}", f"questions.held_out={len(answers)}"]
        config = load_config(composed(*questions, "evaluation.arms=[thought,answer_at_once,edited_thought]"))
        return questions_by_arm(config, make_components(config))

    return count


def test_an_arm_has_the_questions_whose_reference_it_applies_to(counted):
    answers = ["12", "B", None, "a very long answer that nobody could state in the few tokens after a stem"]
    assert counted(answers) == {"thought": 4, "answer_at_once": 2, "edited_thought": 1}


def test_questions_that_cannot_be_read_here_may_fit_every_arm(counted, tmp_path):
    assert counted(["12", "B"], path=tmp_path / "missing.jsonl") == dict.fromkeys(
        ("thought", "answer_at_once", "edited_thought"), 2
    )
