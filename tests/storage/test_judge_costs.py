from thoughtrank.storage.done_marker import write_done
from thoughtrank.storage.judge_costs import StageCost, known_cost, read_judge_costs, total_of, write_judge_costs
from thoughtrank.storage.run_paths import RunPaths

RANKING = StageCost(stage="round_1/2_rankings", cost=2.0, lost=0.5)
BEGUN = StageCost(stage="round_2/2_rankings", cost=0.0, lost=0.0, working_in="rankings/abc")


def finish(folder, *, fingerprint, **facts):
    folder.mkdir(parents=True)
    write_done(folder, fingerprint=fingerprint, facts=facts)


def test_costs_are_read_as_they_were_written_and_those_of_a_free_judge_are_not_written(tmp_path):
    paths = RunPaths(tmp_path / "run")
    free = StageCost(stage="round_3/2_rankings", cost=0.0, lost=0.0)
    write_judge_costs(paths, {"c": free})
    assert not paths.folder.exists()
    write_judge_costs(paths, {"a": RANKING, "b": BEGUN, "c": free})
    assert read_judge_costs(paths) == {"a": RANKING, "b": BEGUN}
    assert RANKING.spent == 2.5
    write_judge_costs(paths, {})
    assert read_judge_costs(paths) == {}


def test_what_is_not_written_is_read_from_the_finished_stages_wherever_they_are_in_the_run_folder(tmp_path):
    paths = RunPaths(tmp_path)
    finish(paths.rankings(1), fingerprint="a", judge_cost=1.0, judge_lost_cost=0.25, seconds=3.0)
    finish(paths.control(1, "sampled_prefixes").rankings, fingerprint="b", judge_cost=2.0)
    finish(paths.candidates(1), fingerprint="c", seconds=3.0)
    found = {
        "a": StageCost(stage="round_1/2_rankings", cost=1.0, lost=0.25),
        "b": StageCost(stage="round_1/controls/sampled_prefixes/2_rankings", cost=2.0, lost=0.0),
    }
    assert read_judge_costs(paths) == found
    write_judge_costs(paths, {"a": RANKING})
    assert read_judge_costs(paths) == {**found, "a": RANKING}, "the larger amount counts"
    for damaged in ("{", "[]", '{"a": 3}', '{"a": {"stage": "x"}}'):
        paths.judge_costs.write_text(damaged)
        assert read_judge_costs(paths) == found


def test_a_cost_of_which_a_part_is_unknown_is_unknown_and_no_zero():
    priced = {"judge_cost": 0.25, "judge_tokens": 9, "judge_unpriced_tokens": [0, 0]}
    assert [known_cost(each) for each in (priced, {"judge_cost": 0.5}, {})] == [0.25, 0.5, 0.0]
    assert known_cost({**priced, "judge_unpriced_tokens": [8, 1]}) is None
    assert known_cost({"judge_cost": None}) is None
    assert (total_of([0.25, 0.5]), total_of([]), total_of([0.25, None])) == (0.75, 0.0, None)
