"""The evaluation of a control whose model is the base model of a small run."""

import pytest
from fake_models import CopyingTraining
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.controls.answers_only import AnswerPairs
from thoughtrank.rounds.control_evaluation import evaluate_control
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.tables import num_rows


@pytest.fixture
def evaluate(store, tiny_folder, tmp_path):
    config = load_config(small_values(model_folder=tiny_folder, workplace=tmp_path))
    builder = StageBuilder(config=config, components=make_components(config), store=store, nodes=CopyingTraining())
    training = {"steps": 7, "seconds": 2.5}

    def run():
        return evaluate_control(
            builder, AnswerPairs(), round_number=2, model=builder.base, examples=4, training=training
        )

    return run


def test_it_is_asked_in_the_arms_that_make_sense_and_its_metrics_name_it(evaluate, store):
    result = evaluate()
    paths = store.paths.control(2, "answers_only", "pairs")
    assert result.metrics == read_json(paths.evaluation)
    assert (result.metrics["round"], result.metrics["control"], result.metrics["variant"]) == (
        2,
        "answers_only",
        "pairs",
    )
    assert set(result.metrics["arms"]) == {"thought", "answer_at_once", "room_to_reason", "best_of_n"}
    assert num_rows(result.replies) > 0
    assert (result.examples, result.training["steps"]) == (4, 7)
    assert result.seconds >= 2.5


def test_torn_metrics_are_written_again_and_finished_replies_are_kept(evaluate, store):
    first = evaluate()
    store.paths.control(2, "answers_only", "pairs").evaluation.write_text('{"round":')
    assert evaluate() == first
