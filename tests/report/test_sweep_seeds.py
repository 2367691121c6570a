import shutil

import pytest
from study_runs import N, replies

from thoughtrank.report.sweep_jobs import SweepJob
from thoughtrank.report.sweep_seeds import seed_groups
from thoughtrank.storage.json_files import write_json
from thoughtrank.storage.run_paths import RunPaths


@pytest.fixture
def job(tmp_path):
    """A finished job whose model answers ``thought`` questions right, and its control ten."""

    def make(number, *overrides, thought, control=True):
        paths = RunPaths(tmp_path / f"run_{number}")
        replies(paths.replies(1), thought=thought, own_thought=N, answer_at_once=1)
        replies(paths.control(1, "answers_only", "copies").replies, thought=10, answer_at_once=2)
        figures = {"accuracy": thought / N, "direct_accuracy": 0.5, "unseen_accuracy": None}
        arms = {"own_thought": {"accuracy": 1.0}}
        answers_only = {"round": 1, "accuracy": 10 / N, "variants": {"copies": {}}}
        summary = {
            "rounds": [{"round": 0}, {"round": 1, **figures, "arms": arms}],
            "exported_round": 1,
            "thought_effect": {"points": 100 * (thought - 10) / N} if control else None,
            "controls": {"answers_only": answers_only} if control else {},
        }
        write_json(paths.summary, summary)
        return SweepJob(number, overrides, run=f"run_{number}", outcome="finished", summary=str(paths.summary))

    return make


def test_jobs_that_differ_in_their_seed_only_are_one_group(job):
    jobs = [
        job(0, "selection=best", "seed=0", thought=12),
        job(1, "selection=best", "seed=1", thought=14),
        job(2, "selection=top_k", "seed=0", thought=14),
        SweepJob(3, ("selection=top_k", "seed=1"), run="", outcome="failed"),
    ]
    (group,) = seed_groups(jobs)
    assert (group.settings, group.seeds) == (("selection=best",), ("0", "1"))
    assert [each.number for each, _ in group.jobs] == [0, 1]


def test_a_sweep_over_anything_else_has_no_groups(job):
    assert seed_groups([job(0, "selection=best", thought=12), job(1, "selection=top_k", thought=12)]) == []
    assert seed_groups([job(2, "questions.seed=0", thought=12), job(3, "questions.seed=1", thought=12)]) == []


def test_the_effect_is_computed_from_the_replies_of_all_seeds(job):
    (group,) = seed_groups([job(0, "seed=0", thought=16), job(1, "seed=1", thought=20)])
    effect = group.effect
    # 6 and 10 of 20 questions; with 6 discordant pairs, all of one kind, p is 2 / 2^6.
    assert (effect["points"], effect["n"], effect["against"]) == (40.0, 2 * N, "answers_only/copies thought")
    assert effect["p_value"] == pytest.approx(2 / 64)
    assert effect["low"] < 40.0 < effect["high"]


def test_the_lines_give_the_effect_over_seeds_and_mean_and_range_by_seed(job):
    (group,) = seed_groups([job(0, "seed=0", thought=16), job(1, "seed=1", thought=20)])
    effect, means = group.lines()
    assert effect.startswith("over seeds 0, 1: thought effect: +40.0 points [")
    assert "p = 0.031, n = 40" in effect
    assert "thought effect +40.0 points (+30.0 to +50.0)" in means
    assert ", accuracy 90.0 % (80.0 to 100.0)" in means
    assert "answers_only_accuracy 50.0 % (50.0 to 50.0)" in means
    assert "unseen" not in means


def test_the_row_of_a_table_has_the_same_numbers(job):
    jobs = [job(number, "rounds=2", f"seed={number}", thought=thought) for number, thought in enumerate([16, 20])]
    (group,) = seed_groups([*jobs, job(9, "rounds=1", "seed=0", thought=3)])
    row = group.row()
    assert (row["rounds"], row["seeds"]) == ("2", "0 1")
    assert (row["thought_effect_points"], row["thought_effect_n"]) == (40.0, 40)
    assert (row["accuracy_mean"], row["accuracy_min"], row["accuracy_max"]) == (pytest.approx(0.9), 0.8, 1.0)
    assert (row["thought_effect_mean"], row["thought_effect_min"], row["thought_effect_max"]) == (40.0, 30.0, 50.0)


def without_control(jobs, tmp_path, job):
    return [jobs[0], job(7, "seed=7", thought=18, control=False)]


def without_replies(jobs, tmp_path, job):
    shutil.rmtree(tmp_path / "run_1" / "round_1" / "controls")
    return jobs


def with_damaged_replies(jobs, tmp_path, job):
    (tmp_path / "run_1" / "round_1" / "5_replies" / "part-00000.parquet").write_text("torn")
    return jobs


@pytest.mark.parametrize("changed", [without_control, without_replies, with_damaged_replies])
def test_without_the_replies_of_every_seed_there_are_mean_and_range_only(job, tmp_path, changed):
    jobs = changed([job(0, "seed=0", thought=16), job(1, "seed=1", thought=20)], tmp_path, job)
    (group,) = seed_groups(jobs)
    assert group.effect is None
    (line,) = group.lines()
    assert line.startswith("over seeds 0, ")
    assert ": mean (range): " in line
    assert "accuracy" in line
