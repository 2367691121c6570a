from stored_runs import stored_run

from thoughtrank.report.html.round_candidates import reported_questions
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.storage.run_paths import RunPaths


def test_every_candidate_is_counted_once(tmp_path):
    statistics = RoundStatistics(1)
    for group in reported_questions(RunPaths(stored_run(tmp_path, questions=5)), 1, selection={}):
        statistics.add(group)
    assert statistics.candidates == 15
    assert statistics.questions == statistics.selected_questions == 5
    assert statistics.ranks == {1: 5, 2: 5}
    assert statistics.gains == {1.5: 5}
    assert statistics.lengths == {10: 5, 11: 5, 12: 5}
    assert statistics.problems == {"thought truncated at its limit": 5, "unranked: refused so 3 + 4 = 7": 5}
    assert statistics.selected["A"] == 5
    assert [(each.prefix, each.win_rate) for each in statistics.prefixes()] == [("A", 1.0), ("B", 0.0), ("7", 0.0)]
    assert {each.prefix: each.mean_gain for each in statistics.prefixes()}["A"] == 1.5
    assert statistics.collapses() == {"A": 1.0, "B": 1.0, "7": 1.0}
