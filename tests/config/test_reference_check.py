import json

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.reference_check import unscorable, unscorable_faults
from thoughtrank.config.schema import load_config


@pytest.fixture
def of_answers(tmp_path):
    def make(answers, *overrides):
        path = tmp_path / "questions.jsonl"
        rows = [{"question": f"question {number}?", "answer": each} for number, each in enumerate(answers)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        values = ["questions=file", f"questions.path={path}", "questions.held_out=5", *overrides]
        values.append(f"questions.train_per_round={len(answers) - 5}")
        return make_components(load_config(composed("model=tiny", "logger=none", *values)))

    return make


def test_answers_as_people_have_them_can_all_be_right(of_answers):
    answers = [
        "9 (apples)",
        r"\boxed{D}",
        "#### 18",
        "x = 18",
        "A: 18",
        "B",
        "yes",
        True,
        "Paris",
        r"\frac{\sqrt{3}}{3}",
    ]
    answers += ["(-2,7)", "It was the best of times. It was the worst.", 6.400000095367432, ["12", "dozen"], "5 or 6"]
    components = of_answers(answers)
    assert unscorable(components.questions) == []
    assert unscorable_faults(components) == []


def test_a_few_that_cannot_be_right_are_named_with_what_was_understood(of_answers):
    components = of_answers([*map(str, range(20)), r"\boxed{}"])
    assert unscorable(components.questions) == [r"'\\boxed{}' of question 'question 20?', taken as nothing"]
    assert unscorable_faults(components) == []


def test_more_than_a_tenth_is_a_fault(of_answers):
    components = of_answers(["Paris"] * 3 + ["7"] * 12, "questions.answer_kind=number")
    [fault] = unscorable_faults(components)
    assert "3 of 15 reference answers can never be right" in fault
    assert "'Paris'" in fault
    assert "taken as a number" in fault


def test_a_source_with_its_own_rules_is_not_checked():
    pytest.importorskip("reasoning_gym")
    config = load_config(composed("model=tiny", "logger=none", "questions=reasoning_gym", "questions.held_out=5"))
    assert unscorable(make_components(config).questions) == []
