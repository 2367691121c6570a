import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.candidate_counts import candidate_tokens, candidates_per_question, candidates_per_round
from thoughtrank.config.schema import load_config


@pytest.mark.parametrize(("models", "each"), [("[previous]", 10), ("[base,previous]", 20)])
def test_each_model_writes_a_candidate_for_every_prefix(models, each):
    config = load_config(composed("prefixes=digits", "questions.train_per_round=7", f"generation.models={models}"))
    components = make_components(config)
    assert candidates_per_question(config, components) == each
    assert candidates_per_round(config, components) == 7 * each


def test_a_candidate_is_shorter_than_its_limits():
    config = load_config(composed("generation.thought_tokens=60", "generation.answer_tokens=40"))
    assert candidate_tokens(config) == pytest.approx(60)
