"""The trainings of a small run, replayed on other examples by models that are copied instead of trained."""

import shutil
from dataclasses import replace

import pytest

from thoughtrank.controls.answers_only import AnswerCopies, AnswerPairs
from thoughtrank.controls.random_candidates import RandomCandidates
from thoughtrank.evaluation.arms.best_of_n import samples_for
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.statistics import mean
from thoughtrank.records import Example
from thoughtrank.rounds.control_trainings import Replay
from thoughtrank.rounds.model_stages import ModelStages
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.run_paths import METRICS
from thoughtrank.storage.tables import num_rows, read_table


def run(builder, control):
    return Replay(builder, control).run()


def jobs(builder):
    return {job.description: job for job in builder.model_stages.nodes.jobs}


def test_a_control_has_the_files_of_a_round_in_a_folder_of_its_own(finished_builder_of, store):
    builder = finished_builder_of()
    result = run(builder, AnswerCopies())
    folder = store.paths.folder / "round_2" / "controls" / "answers_only" / "copies"
    assert sorted(path.name for path in folder.iterdir()) == ["3_examples", "4_model", "5_evaluation.json", "5_replies"]
    assert (result.title, result.round_number, result.training["steps"]) == ("answers_only/copies", 2, 3)
    assert result.metrics == read_json(folder / "5_evaluation.json")
    assert (result.metrics["round"], result.metrics["control"], result.metrics["variant"]) == (
        2,
        "answers_only",
        "copies",
    )
    assert num_rows(folder / "5_replies") > 0
    assert not (store.paths.folder / "round_1" / "controls").exists()


def test_its_votes_cost_as_many_tokens_as_the_last_models_replies_with_their_thoughts(finished_builder_of, store):
    builder = finished_builder_of()
    last = builder.rounds[-1]
    voting = replace(
        last.stages["evaluation"],
        published=store.paths.folder / "voted",
        arms=("thought", "answer_at_once", "best_of_n"),
    )
    last.artifacts["evaluation"] = evaluated = store.complete(voting)
    spent = read_json(evaluated.published / METRICS)["arms"]["thought"]["reply_tokens"]
    result = run(builder, AnswerCopies())
    rows = read_table(result.replies, HeldOutReply)
    at_once = mean([row.reply_tokens for row in rows if row.arm == "answer_at_once"])
    assert result.metrics["arms"]["best_of_n"]["samples"] == samples_for(thought_tokens=spent, answer_tokens=at_once)


def test_where_every_round_starts_from_the_base_model_the_last_training_is_replayed(finished_builder_of, store):
    builder = finished_builder_of(training={"start": "base", "examples": "all"})
    result = run(builder, AnswerCopies())
    [job] = builder.model_stages.nodes.jobs
    assert job.model == str(builder.base.folder().absolute())
    assert job.seed == builder.rounds[2].stages["training"].settings["seed"]
    selected = sum(each.artifacts["selection"].facts["examples"] for each in builder.rounds[1:])
    assert result.examples == selected == num_rows(store.paths.control(2, "answers_only", "copies").examples)


def test_otherwise_those_of_all_rounds_are_so_that_no_tuned_model_is_an_ancestor(finished_builder_of, store):
    builder = finished_builder_of(training={"start": "previous", "examples": "round"})
    run(builder, AnswerCopies())
    first, second = builder.model_stages.nodes.jobs
    assert first.model == str(builder.base.folder().absolute())
    assert second.model == first.output
    assert (second.seed, first.seed) == (builder.config.seed + 2, builder.config.seed + 1)
    for number, job in ((1, first), (2, second)):
        selected = builder.rounds[number].artifacts["selection"].facts["examples"]
        assert num_rows(store.paths.control(number, "answers_only", "copies").examples) == selected
        assert job.description == f"round {number} training of control answers only, copies"
    assert not (store.paths.folder / "round_1/controls/answers_only/copies/5_replies").exists()


def test_pairs_take_as_many_steps_as_the_run_and_stop_early_on_development_questions(finished_builder_of, store):
    builder = finished_builder_of(development=4)
    for control in (AnswerCopies(), AnswerPairs()):
        run(builder, control)
    copies, pairs = (
        jobs(builder)[f"round 2 training of control answers only, {variant}"] for variant in ("copies", "pairs")
    )
    assert (copies.steps, copies.development) == (None, None)
    assert pairs.steps == builder.rounds[2].artifacts["training"].facts["steps"]
    development = store.paths.control(2, "answers_only", "pairs").development
    ids = {row.question_id for row in read_table(development, Example)}
    assert ids == {question.question_id for question in builder.questions.development()}
    assert len(ids) == 4


def test_pairs_do_not_stop_early_without_development_questions(finished_builder_of, store):
    builder = finished_builder_of()
    run(builder, AnswerPairs())
    [job] = builder.model_stages.nodes.jobs
    assert job.development is None
    assert job.steps is not None
    assert not store.paths.control(2, "answers_only", "pairs").development.exists()


def test_a_control_with_one_variant_has_no_folder_for_it(finished_builder_of, store):
    result = run(finished_builder_of(), RandomCandidates())
    assert (result.title, result.variant) == ("random_candidates", None)
    assert (store.paths.folder / "round_2/controls/random_candidates/5_evaluation.json").exists()


@pytest.mark.parametrize(("keep", "kept"), [("all", True), ("last", False), ("none", False)])
def test_its_weights_are_kept_only_where_all_are(finished_builder_of, store, keep, kept):
    builder = finished_builder_of(keep=keep)
    run(builder, AnswerCopies())
    model = store.paths.control(2, "answers_only", "copies").model
    assert (model / "config.json").exists()
    assert (model / "model.safetensors").exists() == kept
    run(builder, AnswerCopies())
    assert len(builder.model_stages.nodes.jobs) == 1


def test_what_is_finished_is_not_made_again(finished_builder_of, store, monkeypatch):
    builder = finished_builder_of(keep="last")
    original = ModelStages.evaluation

    def killed(self, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ModelStages, "evaluation", killed)
        with pytest.raises(KeyboardInterrupt):
            run(builder, AnswerCopies())
    assert ModelStages.evaluation is original
    first = run(builder, AnswerCopies())
    assert len(builder.model_stages.nodes.jobs) == 1
    shutil.rmtree(store.cache_folder / "evaluations")
    assert run(builder, AnswerCopies()) == first
    assert len(builder.model_stages.nodes.jobs) == 1


def test_a_run_that_found_no_example_has_nothing_to_replay(finished_builder_of):
    builder = finished_builder_of(
        selection={"_target_": "thoughtrank.selection.top_k.TopK", "min_winner_share": 1.0},
        judge={"_target_": "thoughtrank.judging.reference.ReferenceJudge"},
    )
    assert run(builder, AnswerCopies()) is None
