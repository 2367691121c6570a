import pytest
from earlier_runs import Given, write_round
from study_runs import run_folder

from thoughtrank.report.study.kept_runs import collect, read_runs
from thoughtrank.report.study.prefix_wins import keep_prefix_wins, read_prefix_wins


@pytest.fixture
def study(tmp_path):
    folder = run_folder(tmp_path / "runs", "plain-seed3", right=5, with_replies=False)
    rows = [
        Given("q1", "a", 1, gain=2.0),
        Given("q1", "b (base)", 1, gain=-1.0),
        Given("q1", "c", 2),
        Given("q2", "a", 2),
        Given("q2", "b (base)", 1, gain=1.0),
        Given("q2", "b (previous)", 1, gain=1.0),
        Given("q2", "c", 2),
    ]
    write_round(folder, 1, rows)
    return tmp_path / "study"


def test_the_genuine_wins_of_a_run_are_kept_beside_its_summary(study, tmp_path):
    [run] = collect(tmp_path / "runs", study)
    assert keep_prefix_wins(run, study)
    [wins] = read_prefix_wins(read_runs(study))
    assert (wins.seed, list(wins.prefixes)) == ("3", ["a", "b", "c"])
    assert wins.solved() == wins.solved(1) == {"a": {"q1"}, "b": {"q2"}, "c": set()}


def test_a_run_without_ranked_candidates_has_none(study, tmp_path):
    run_folder(tmp_path / "others", "plain-seed4", right=5, with_replies=False)
    [run] = collect(tmp_path / "others", study)
    assert not keep_prefix_wins(run, study)
    assert read_prefix_wins(read_runs(study)) == []
