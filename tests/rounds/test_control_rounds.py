"""A small run whose rounds are finished, and all of them again with sampled thoughts."""

import shutil

import pytest
from fake_engine import FakeEngine
from small_run import small_values

from thoughtrank.controls.sampled_prefixes import SampledPrefixes
from thoughtrank.records import Candidate
from thoughtrank.rounds.control_trainings import run_control
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.tables import num_rows, read_table

STAGES = ["1_candidates", "2_rankings", "3_examples", "4_model"]


def run(builder):
    return run_control(builder, SampledPrefixes())


def folder_of(store, number):
    return store.paths.control(number, "sampled_prefixes").folder


def test_every_round_has_its_stages_and_the_last_one_an_evaluation(finished_builder_of, store):
    result = run(finished_builder_of())
    assert sorted(path.name for path in folder_of(store, 1).iterdir()) == STAGES
    assert sorted(path.name for path in folder_of(store, 2).iterdir()) == [*STAGES, "5_evaluation.json", "5_replies"]
    assert (result.title, result.round_number) == ("sampled_prefixes", 2)
    assert result.metrics == read_json(folder_of(store, 2) / "5_evaluation.json")
    assert set(result.metrics["arms"]) == {"thought", "own_thought", "answer_at_once"}
    assert result.training["steps"] == 3


def test_as_many_thoughts_of_the_same_questions_are_sampled(finished_builder_of, store):
    run(finished_builder_of())
    for number in (1, 2):
        own, of_run = folder_of(store, number) / "1_candidates", store.paths.candidates(number)
        sampled, forced = read_table(own, Candidate), read_table(of_run, Candidate)
        assert [each.question_id for each in sampled] == [each.question_id for each in forced]
        assert {each.prefix for each in sampled} == {"sample_1", "sample_2", "sample_3"}


def test_a_round_with_fewer_prefixes_has_as_few_samples(finished_builder_of, store):
    builder = finished_builder_of()
    builder.rounds[2].prefixes = builder.rounds[2].prefixes[:2]
    run(builder)
    sampled = [read_table(folder_of(store, number) / "1_candidates", Candidate) for number in (1, 2)]
    assert [len({each.prefix for each in rows}) for rows in sampled] == [3, 2]


def test_the_questions_are_those_that_the_run_has_kept(finished_builder_of, store):
    builder = finished_builder_of()
    builder.rounds[1].questions = builder.rounds[1].questions[:1]
    run(builder)
    sampled = read_table(folder_of(store, 1) / "1_candidates", Candidate)
    assert {each.question_id for each in sampled} == {builder.rounds[1].questions[0].question_id}


def test_several_models_generate_where_they_do_in_the_run(finished_builder_of, store):
    generation = {
        **small_values(model_folder="m", workplace=store.paths.folder)["generation"],
        "models": ["base", "previous"],
    }
    run(finished_builder_of(generation=generation))
    assert {path.name for path in folder_of(store, 2).iterdir()} >= {"1_candidates_base", "1_candidates_previous"}
    assert num_rows(folder_of(store, 2) / "1_candidates") == 2 * num_rows(folder_of(store, 1) / "1_candidates")


def test_every_round_generates_with_its_own_model_and_no_model_of_the_run_is_an_ancestor(finished_builder_of, store):
    builder = finished_builder_of(training={"start": "previous", "examples": "round"})
    opened = len(builder.components.engine.model_folders)
    run(builder)
    first, second = builder.model_stages.nodes.jobs
    base = builder.base.folder()
    assert [first.model, second.model] == [str(base.absolute()), first.output]
    generated = [path.name for path in builder.components.engine.model_folders[opened:]]
    assert generated == [base.name, first.output.split("/")[-1], second.output.split("/")[-1]]
    of_run = {builder.rounds[number].model.folder().name for number in (1, 2)}
    assert not of_run & {*generated, first.model.split("/")[-1], second.model.split("/")[-1]}


def test_it_trains_from_the_base_model_on_the_examples_of_all_rounds_where_the_run_does(finished_builder_of, store):
    builder = finished_builder_of(training={"start": "base", "examples": "all"})
    result = run(builder)
    first, second = builder.model_stages.nodes.jobs
    assert first.model == second.model == str(builder.base.folder().absolute())
    examples = [num_rows(folder_of(store, number) / "3_examples") for number in (1, 2)]
    assert [len(first.examples), len(second.examples)] == [1, 2]
    assert result.examples == sum(examples)
    assert [job.seed for job in builder.model_stages.nodes.jobs] == [1, 2]


def test_thoughts_are_weighed_by_their_gain_where_the_run_does(finished_builder_of, store):
    run(finished_builder_of(engine={"_target_": "fake_engine.ScoringEngine"}))
    assert num_rows(folder_of(store, 1) / "2_gains") > 0


def test_what_is_finished_is_not_made_again(finished_builder_of, store, monkeypatch):
    builder = finished_builder_of()
    original = FakeEngine.open

    def killed(self, model_folder, *, work_folder=None):
        if "controls" not in str(work_folder) and builder.model_stages.nodes.jobs:
            raise KeyboardInterrupt
        return original(self, model_folder, work_folder=work_folder)

    with monkeypatch.context() as patched:
        patched.setattr(FakeEngine, "open", killed)
        with pytest.raises(KeyboardInterrupt):
            run(builder)
    assert len(builder.model_stages.nodes.jobs) == 1
    first = run(builder)
    assert len(builder.model_stages.nodes.jobs) == 2
    shutil.rmtree(store.cache_folder / "candidates")
    opened = len(builder.components.engine.model_folders)
    assert run(builder) == first
    assert (len(builder.model_stages.nodes.jobs), len(builder.components.engine.model_folders)) == (2, opened)


@pytest.mark.parametrize(("keep", "kept"), [("all", True), ("last", False), ("none", False)])
def test_its_weights_are_kept_only_where_all_are(finished_builder_of, store, keep, kept):
    builder = finished_builder_of(keep=keep)
    run(builder)
    for number in (1, 2):
        model = folder_of(store, number) / "4_model"
        assert (model / "config.json").exists()
        assert (model / "model.safetensors").exists() == kept
    run(builder)
    assert len(builder.model_stages.nodes.jobs) == 2


def test_rounds_without_examples_keep_the_base_model(finished_builder_of, capsys):
    builder = finished_builder_of(
        selection={"_target_": "thoughtrank.selection.top_k.TopK", "min_winner_share": 1.0},
        judge={"_target_": "thoughtrank.judging.reference.ReferenceJudge"},
    )
    result = run(builder)
    assert (result.examples, result.training["steps"]) == (0, 0)
    assert "round 1 of control sampled prefixes found no example" in capsys.readouterr().out


def test_its_judge_calls_count_against_the_budget_of_the_run_and_are_reported(finished_builder_of, store, monkeypatch):
    original = Artifact.finish

    def paid(self, **facts):
        cost = {"judge_cost": 0.25} if "judge_cost" in facts else {}
        original(self, **{**facts, **cost})

    monkeypatch.setattr(Artifact, "finish", paid)
    builder = finished_builder_of()
    result = run(builder)
    assert result.judge_cost == 0.5
    spent = builder.spending.budget.spent
    assert run(builder).judge_cost == 0.5
    assert builder.spending.budget.spent == spent + 0.5
