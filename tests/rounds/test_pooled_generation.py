"""Which models generate the candidates of a small run's rounds."""

import pytest
from fake_models import CopyingTraining
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.pipeline import run_pipeline
from thoughtrank.records import Candidate
from thoughtrank.rounds.pooled_generation import with_models
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.generation import Generation
from thoughtrank.stages.pooling import Pooling
from thoughtrank.storage.tables import read_table


@pytest.fixture
def parts(tiny_folder, tmp_path, store):
    def make(*models):
        values = small_values(model_folder=tiny_folder, workplace=tmp_path)
        values["generation"] = {**values["generation"], "models": list(models)}
        config = load_config(values)
        return {"config": config, "components": make_components(config), "store": store, "nodes": CopyingTraining()}

    return make


def stage_of(builder, number):
    current = builder.begin_round(number)
    stage = with_models(builder.build("generation", current), builder=builder, current=current)
    return stage, current


def second_round(builder):
    """The stage of round 2, after a first one that has trained."""
    builder.begin_round(0)
    stage, current = stage_of(builder, 1)
    current.stages["generation"], current.artifacts["generation"] = stage, builder.store.complete(stage)
    for name in builder.stage_names(1)[1:-1]:
        current.stages[name] = builder.build(name, current)
        current.artifacts[name] = builder.store.complete(current.stages[name])
    return stage_of(builder, 2)


def test_by_default_the_model_that_a_round_starts_with_generates(parts):
    stage, current = second_round(StageBuilder(**parts("previous")))
    assert isinstance(stage, Generation)
    assert stage.model is current.start


def test_the_base_model_can_generate_in_every_round(parts):
    builder = StageBuilder(**parts("base"))
    stage, current = second_round(builder)
    assert isinstance(stage, Generation)
    assert stage.model is builder.base
    assert current.start.key != builder.base.key


@pytest.mark.parametrize(
    ("models", "scores"), [(["base"], "base"), (["previous"], "start"), (["base", "previous"], "start")]
)
def test_one_model_scores_all_candidates_the_one_that_generates_if_it_is_one(parts, models, scores):
    builder = StageBuilder(**parts(*models))
    stage, current = second_round(builder)
    current.artifacts["generation"] = builder.store.complete(stage)
    current.artifacts["ranking"] = builder.store.complete(builder.build("ranking", current))
    assert builder.build("gains", current).model is {"base": builder.base, "start": current.start}[scores]


def test_in_round_1_both_are_the_same_model_and_from_round_2_on_both_generate(parts, store):
    builder = StageBuilder(**parts("base", "previous"))
    stage, _ = second_round(builder)
    assert not store.paths.round(1).candidates_of("base").exists()
    assert isinstance(stage, Pooling)
    rows = read_table(store.complete(stage).published, Candidate)
    assert {row.prefix for row in rows} == {f"{prefix} ({model})" for prefix in "abc" for model in ("base", "previous")}
    assert len({row.candidate_id for row in rows}) == len(rows) == 3 * 6
    keys = [each.candidates.key for each in stage.parts]
    assert len(set(keys)) == 2
    for model in ("base", "previous"):
        assert len(read_table(store.paths.round(2).candidates_of(model), Candidate)) == 3 * 3


def test_a_whole_run_trains_on_the_candidates_of_both(parts, store):
    store.paths.folder.mkdir(parents=True)
    summary = run_pipeline(**parts("base", "previous"), values={})
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1, 2]
    assert summary["rounds"][2]["examples"] > 0
    assert {each["prefix"][-1] for each in summary["rounds"][2]["best_prefixes"]} == {")"}
