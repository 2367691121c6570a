import json

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.candidate_counts import (
    candidate_tokens,
    candidates_per_question,
    per_round_text,
    round_counts,
)
from thoughtrank.config.schema import load_config
from thoughtrank.data.import_candidates import import_files


@pytest.fixture
def imported(tmp_path):
    """A folder of imported candidates: three of one question, and one of another."""
    rows = [
        {"question": question, "thought": "a", "answer": f"{number}"}
        for question, count in (("One?", 3), ("Two?", 1))
        for number in range(count)
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_files(files=[file], folder=tmp_path / "imported")
    return tmp_path / "imported"


def planned(*overrides):
    config = load_config(composed("prefixes=digits", "questions.train_per_round=7", *overrides))
    return config, make_components(config)


@pytest.mark.parametrize(("models", "each"), [("[previous]", 10), ("[base,previous]", 20)])
def test_each_model_writes_a_candidate_for_every_prefix(models, each):
    config, components = planned(f"generation.models={models}")
    assert candidates_per_question(config, components) == each
    [counts] = round_counts(config, components, rounds=[2])
    assert (counts.questions, counts.candidates, counts.generated) == (7, 7 * each, 7 * each)


def test_round_1_has_the_imported_candidates_and_later_rounds_generate(imported):
    first, second = round_counts(*planned(f"candidates={imported}"), rounds=[1, 2])
    assert (first.questions, first.candidates, first.generated) == (2, 4, 0)
    assert first.sizes == {3: 1, 1: 1}
    assert (second.questions, second.candidates, second.generated) == (7, 70, 70)


def test_a_control_generates_candidates_for_the_imported_questions(imported):
    first, second = round_counts(*planned(f"candidates={imported}"), rounds=[1, 2], of_control=True)
    assert (first.questions, first.generated) == (2, 20)
    assert second.generated == 70


def test_rounds_that_are_alike_are_described_once(imported):
    def text(rounds, *overrides):
        counts = round_counts(*planned(*overrides), rounds=range(1, rounds + 1))
        return per_round_text(counts, lambda each, where: f"{each.candidates} {where}")

    assert text(3) == "70 per round"
    assert text(3, f"candidates={imported}") == "4 in round 1, then 70 per later round"
    assert text(1, f"candidates={imported}") == "4 in round 1"


def test_a_candidate_is_shorter_than_its_limits():
    config = load_config(composed("generation.thought_tokens=60", "generation.answer_tokens=40"))
    assert candidate_tokens(config) == pytest.approx(60)
