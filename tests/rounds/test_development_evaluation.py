import pytest
from fake_models import CopyingTraining
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.rounds.development_evaluation import development_evaluation, development_figures
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.run_paths import METRICS
from thoughtrank.storage.tables import read_table


@pytest.fixture
def builder(store, tiny_folder, tmp_path):
    values = small_values(model_folder=tiny_folder, workplace=tmp_path)
    values["questions"] = {**values["questions"], "development": 4}
    config = load_config(values)
    return StageBuilder(config=config, components=make_components(config), store=store, nodes=CopyingTraining())


def test_the_model_answers_every_development_question_with_the_chat_prompt_only(builder, store):
    artifact = store.complete(development_evaluation(builder, builder.begin_round(0)))
    replies = read_table(store.paths.development_replies(0), HeldOutReply)
    assert [reply.question_id for reply in replies] == [each.question_id for each in builder.questions.development()]
    assert {(reply.arm, reply.split) for reply in replies} == {("thought", "development")}
    figures = development_figures(read_json(artifact.folder / METRICS))
    assert figures.keys() == {"development_n", "development_accuracy", "development_low", "development_high"}
    assert figures["development_n"] == 4
    assert figures["development_low"] <= figures["development_accuracy"] <= figures["development_high"]


def test_they_are_no_test_questions_and_the_same_model_is_asked(builder):
    current = builder.begin_round(0)
    stage = development_evaluation(builder, current)
    test = builder.build("evaluation", current)
    assert not {each.question_id for each in stage.questions} & {each.question_id for each in test.questions}
    assert stage.model is test.model
    assert stage.published.parent == test.published.parent
    assert stage.published != test.published
