from pathlib import Path
from typing import get_args

import pytest

from thoughtrank.controls.choices import ControlName
from thoughtrank.evaluation.arms.registry import ARMS
from thoughtrank.report.labels import (
    ARM_LABELS,
    CONTROL_LABELS,
    CONTROL_VARIANTS,
    arm_label,
    difference_label,
    side_label,
)

DOCS = Path(__file__).parents[2] / "docs" / "config"


def test_every_arm_and_every_control_has_a_label_of_its_own():
    assert ARM_LABELS.keys() == {*ARMS, "unseen"}
    assert {each.partition("/")[0] for each in CONTROL_LABELS} == set(get_args(ControlName))
    texts = [each.text for each in (*ARM_LABELS.values(), *CONTROL_LABELS.values())]
    assert len(set(texts)) == len(texts)


def test_the_pages_on_the_config_name_every_label_beside_its_arm_or_control():
    arms, controls = ((DOCS / name).read_text(encoding="utf-8") for name in ("evaluation.md", "top_level.md"))
    for name in ARMS:
        assert f"| `{name}` | {ARM_LABELS[name].text} |" in arms
    for variant in CONTROL_VARIANTS:
        assert f"| `{variant}` | {CONTROL_LABELS[f'answers_only/{variant}'].text} |" in controls


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ("round 4 thought", "round 0 thought", "round 4: free reply − round 0: free reply"),
        ("round 4 own_thought", "round 4 answer_at_once", "round 4: own thought − answer at once"),
        ("own_thought", "answers_only/pairs answer_at_once", "own thought − answers only, pairs: answer at once"),
        ("round 4 mine", "my_control/x mine", "round 4: mine − my control, x: mine"),
    ],
)
def test_a_difference_names_a_model_that_both_sides_share_once(first, second, text):
    assert difference_label(first, second) == text


def test_what_has_no_label_is_its_name_as_words():
    assert arm_label("my_own_arm") == "my own arm"
    assert side_label("thought") == "free reply"
