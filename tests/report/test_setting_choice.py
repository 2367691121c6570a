import pytest

from thoughtrank.report.setting_choice import TOO_HIGH, choice_line
from thoughtrank.report.sweep_jobs import SweepJob
from thoughtrank.storage.json_files import write_json


@pytest.fixture
def job(tmp_path):
    def make(number, *overrides, development=None, outcome="finished"):
        path = tmp_path / f"{number}.json"
        rounds = [{"development_accuracy": 0.125}, {"development_accuracy": development}]
        write_json(path, {"rounds": rounds, "exported_round": 1})
        summary = str(path) if outcome == "finished" else None
        return SweepJob(number, overrides, run=f"run {number}", outcome=outcome, summary=summary)

    return make


def test_the_best_setting_is_that_with_the_highest_mean_over_its_seeds(job):
    jobs = [
        job(0, "k=1", "seed=0", development=0.9),
        job(1, "k=1", "seed=1", development=0.1),
        job(2, "k=2", "seed=0", development=0.6),
        job(3, "k=2", "seed=1", development=0.65),
        job(4, "k=3", "seed=0", outcome="failed"),
    ]
    line = choice_line(jobs)
    assert line.startswith(
        "best on development questions: k=2 (62.5 %, mean of 2 seeds); choose a setting by them, not by"
    )


def test_without_development_questions_choosing_by_test_questions_is_warned_of(job):
    assert choice_line([job(0, "k=1"), job(1, "k=2")]) == TOO_HIGH
    assert choice_line([job(0, "k=1", development=0.5), job(1, "k=2")]) == TOO_HIGH


def test_where_no_setting_varies_there_is_nothing_to_choose(job):
    assert choice_line([job(0, "seed=0", development=0.5), job(1, "seed=1", development=0.6)]) is None
    assert choice_line([job(0, "k=1", development=0.5), job(1, "k=2", outcome="stopped")]) is None
    assert choice_line([]) is None
