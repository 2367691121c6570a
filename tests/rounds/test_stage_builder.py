import dataclasses

import pytest
from fake_models import CopyingTraining
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.generation import Generation
from thoughtrank.stages.importing import Importing
from thoughtrank.stages.round_models import BaseModel
from thoughtrank.stages.training import KeptModel
from thoughtrank.storage.fingerprint import fingerprint
from thoughtrank.storage.imported_candidates import ImportedCandidates


@pytest.fixture
def builder_of(store, tiny_folder, tmp_path):
    """A builder for the small run with other top-level keys."""

    def make(*, selection=None, training=None, **top_level):
        values = small_values(model_folder=tiny_folder, workplace=tmp_path, **top_level)
        values["training"] = {**values["training"], **(training or {})}
        values["selection"] = {**values["selection"], **(selection or {})}
        config = load_config(values)
        return StageBuilder(config=config, components=make_components(config), store=store, nodes=CopyingTraining())

    return make


def run_round(builder, number):
    current = builder.begin_round(number)
    for name in builder.stage_names(number):
        current.stages[name] = builder.build(name, current)
        current.artifacts[name] = builder.store.complete(current.stages[name])
    return current


def test_round_0_only_evaluates_and_the_others_have_every_stage_in_order(builder_of):
    builder = builder_of()
    assert list(run_round(builder, 0).artifacts) == ["evaluation"]
    for number in (1, 2):
        order = ["generation", "ranking", "selection", "training", "evaluation"]
        assert list(run_round(builder, number).artifacts) == order


def test_gains_are_computed_between_ranking_and_selection_where_the_selection_depends_on_them(builder_of, store):
    builder = builder_of(selection={"thoughts": "gain"})
    assert builder.stage_names(1) == ["generation", "ranking", "gains", "selection", "training", "evaluation"]
    assert builder.stage_names(0) == ["evaluation"]
    current = builder.begin_round(1)
    for name in ("generation", "ranking"):
        current.stages[name] = builder.build(name, current)
        current.artifacts[name] = store.complete(current.stages[name])
    gains = builder.build("gains", current)
    assert (gains.candidates, gains.rankings) == (current.artifacts["generation"], current.artifacts["ranking"])
    assert gains.model is current.start
    assert gains.published == store.paths.gains(1)
    current.artifacts["gains"] = store.artifact(gains)
    assert builder.build("selection", current).gains is current.artifacts["gains"]


def test_each_stage_reads_what_the_one_before_it_wrote_and_is_published_in_its_round(builder_of, store):
    builder = builder_of()
    run_round(builder, 0)
    current = run_round(builder, 1)
    assert current.stages["ranking"].candidates is current.artifacts["generation"]
    assert current.stages["selection"].rankings is current.artifacts["ranking"]
    assert current.stages["training"].examples == [current.artifacts["selection"]]
    assert [stage.name for stage in current.stages.values()] == [f"round 1 {name}" for name in current.stages]
    assert {stage.published.parent for stage in current.stages.values()} == {store.paths.folder / "round_1"}


def test_a_round_evaluates_its_own_model_and_the_next_one_starts_with_it(builder_of):
    builder = builder_of()
    zero, first, second = (run_round(builder, number) for number in range(3))
    assert zero.stages["evaluation"].model is builder.base
    assert first.stages["generation"].model.key == builder.base.key
    assert first.stages["evaluation"].model.key == first.model.key != builder.base.key
    assert second.stages["generation"].model.key == second.start.key == first.model.key


def test_training_on_the_examples_of_all_rounds_so_far_from_the_last_model(builder_of):
    builder = builder_of(training={"examples": "all", "start": "previous"})
    _, first, second = (run_round(builder, number) for number in range(3))
    used = [each.key for each in second.stages["training"].examples]
    assert used == [each.artifacts["selection"].key for each in (first, second)]
    assert second.stages["training"].start.key == first.model.key


def test_training_on_one_round_from_the_base_model(builder_of):
    builder = builder_of(training={"examples": "round", "start": "base"})
    last = [run_round(builder, number) for number in range(3)][2]
    assert [each.key for each in last.stages["training"].examples] == [last.artifacts["selection"].key]
    assert last.stages["training"].start is builder.base


def test_a_round_without_examples_keeps_its_model_and_reports_it(builder_of, capsys):
    builder = builder_of()
    run_round(builder, 0)
    builder.components = dataclasses.replace(builder.components, selection=NothingSelected())
    first = run_round(builder, 1)
    assert isinstance(first.stages["training"], KeptModel)
    assert first.model.key == builder.base.key
    assert first.stages["evaluation"].model.folder() == builder.base.folder()
    assert "round 1 found no example" in capsys.readouterr().out
    assert builder.begin_round(2).start.key == builder.base.key


class NothingSelected:
    def identity(self):
        return {"component": "nothing"}

    def select(self, candidates, ranking):
        return []


def test_imported_candidates_replace_the_generation_of_round_1_only(builder_of, questions, tmp_path):
    ImportedCandidates(tmp_path / "import").write(questions=questions, candidates=[])
    builder = builder_of(candidates=str(tmp_path / "import"))
    first, second = builder.begin_round(1), builder.begin_round(2)
    stage = builder.build("generation", first)
    assert isinstance(stage, Importing)
    assert stage.questions == questions
    assert isinstance(builder.build("generation", second), Generation)


def test_evaluation_asks_the_same_questions_in_every_round_with_the_scorer_of_the_source(builder_of):
    builder = builder_of()
    stages = [run_round(builder, number).stages["evaluation"] for number in range(2)]
    assert stages[0].questions == stages[1].questions
    assert len(stages[0].questions) == 5
    assert isinstance(builder.scorer, ReferenceScorer)


READERS = {
    "engine": {"generation", "evaluation"},
    "judge": {"ranking"},
    "ranker": {"ranking"},
    "selection": {"selection"},
    **{group: {"training", "evaluation"} for group in ("objective", "optimizer", "adapter", "strategy")},
}
"""Component to the stages that work with it, or with the model that it trains."""


def test_a_raised_version_changes_the_fingerprint_of_the_stages_that_work_with_the_component(
    finished_builder_of, monkeypatch
):
    builder = finished_builder_of(rounds=1)
    stages = builder.rounds[1].stages
    before = {name: fingerprint(**stage.inputs()) for name, stage in stages.items()}
    for group, readers in READERS.items():
        with monkeypatch.context() as patched:
            kind = type(getattr(builder.components, group))
            patched.setattr(kind, "version", kind.version + 1)
            after = {name: fingerprint(**stage.inputs()) for name, stage in stages.items()}
        assert {name for name in stages if after[name] != before[name]} == readers, group
    base = builder.base.key
    monkeypatch.setattr(type(builder.components.model), "version", 2)
    assert BaseModel.of(builder.components.model, store=builder.store).key != base
