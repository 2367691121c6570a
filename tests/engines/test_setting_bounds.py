"""A number out of its bounds is named, in the same words by every engine."""

import pytest

from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.engines.vllm import VLLMEngine

SERVED = ["concurrency", "questions_per_group", "replies_per_group"]


@pytest.mark.parametrize("name", [*SERVED[1:], "token_budget", "devices"])
def test_the_embedded_engine_names_every_number_below_one(name):
    assert TransformersEngine(**{name: 0}).faults() == [f"engine.{name} must be at least 1, not 0"]


@pytest.mark.parametrize("name", SERVED)
def test_both_served_engines_say_the_same(name):
    said = f"engine.{name} must be at least 1, not 0"
    assert OpenAIEngine(base_urls=["http://localhost/v1"], **{name: 0}).faults() == [said]
    assert said in VLLMEngine(**{name: 0}).faults()


def test_all_faults_come_together():
    engine = OpenAIEngine(base_urls=["http://localhost/v1"], timeout_seconds=0, max_retries=-1, probe_candidates=-2)
    assert engine.faults() == [
        "engine.max_retries must be at least 0, not -1",
        "engine.probe_candidates must be at least 0, not -2",
        "engine.timeout_seconds must be above 0, not 0",
    ]
