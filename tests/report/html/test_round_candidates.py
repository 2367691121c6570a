from dataclasses import replace

import pytest
from stored_runs import stored_run

from thoughtrank.records import Candidate, Example, Gain, RankedCandidate
from thoughtrank.report.html.round_candidates import SELECTED, reported_questions
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import TableRows, part_path, write_part


def outcomes(paths, **selection):
    return [[each.outcome for each in group] for group in reported_questions(paths, 1, selection=selection)]


@pytest.fixture
def paths(tmp_path):
    return RunPaths(stored_run(tmp_path, questions=2))


def rerank(paths, ranks):
    rows = [
        RankedCandidate(row.question_id, row.candidate_id, row.prefix, rank, None)
        for row, rank in zip(TableRows(paths.rankings(1), RankedCandidate), ranks, strict=True)
    ]
    write_part(part_path(paths.rankings(1), 0), rows, record_type=RankedCandidate)


def test_candidates_come_with_rank_gain_and_outcome(paths):
    first, second = reported_questions(paths, 1, selection={})
    assert [each.candidate.prefix for each in first] == ["A", "B", "7"]
    assert [each.rank for each in second] == [1, 2, None]
    assert [each.gain for each in first] == [1.5, None, None]
    assert [each.outcome for each in first] == [SELECTED, "another answer is better", "unranked: refused so 3 + 4 = 7"]


def test_reasons_why_the_best_was_not_taken(paths):
    rerank(paths, [1, 1, 2, 1, 1, 1])
    assert outcomes(paths)[0] == [
        SELECTED,
        "as good, but another thought or answer was taken",
        "another answer is better",
    ]
    assert outcomes(paths)[1] == [SELECTED, "all ranked answers tie", "all ranked answers tie"]
    rerank(paths, [2, 2, 1, 2, 2, 1])
    assert outcomes(paths)[0][2] == "truncated at its limit"
    assert outcomes(paths, allow_truncated=True)[0][2] == "as good, but another thought or answer was taken"


def test_what_is_cut_from_a_thought_is_no_reason(paths):
    written = "3 + 4 = 7. So 3 + 4 = 8."
    [first, *rest] = TableRows(paths.candidates(1), Candidate)
    write_part(part_path(paths.candidates(1), 0), [replace(first, thought=written), *rest], record_type=Candidate)
    gains = [replace(row, cut=written.index("7")) for row in TableRows(paths.gains(1), Gain)]
    write_part(part_path(paths.gains(1), 0), gains, record_type=Gain)
    write_part(part_path(paths.examples(1), 0), [], record_type=Example)
    rerank(paths, [1, 2, 2, 1, 2, 2])
    assert outcomes(paths, check_calculations=True)[0][0] == "states a wrong calculation"
    trimmed = outcomes(paths, check_calculations=True, trim_thoughts=True)
    assert trimmed[0][0] == "question left out by the selection"


def test_a_question_without_example_says_which_rule_left_it_out(paths):
    write_part(part_path(paths.examples(1), 0), [], record_type=Candidate)
    rerank(paths, [1, 2, 2, 1, 2, 2])
    assert outcomes(paths, min_winner_share=0.5)[0][0] == "too few best answers to rule out chance"
    assert outcomes(paths, min_gain=3.0)[0][0] == "gain below 3 nats"
    assert outcomes(paths)[0][0] == "question left out by the selection"


def test_before_the_later_stages_there_are_only_candidates(paths):
    for folder in (paths.rankings(1), paths.gains(1), paths.examples(1)):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    (first, _) = reported_questions(paths, 1, selection={})
    assert [(each.rank, each.gain, each.outcome) for each in first] == [(None, None, "not selected yet")] * 3


def test_a_missing_or_damaged_table_has_no_candidates(paths):
    assert list(reported_questions(paths, 7, selection={})) == []
    part_path(paths.candidates(1), 0).write_bytes(b"torn")
    assert list(reported_questions(paths, 1, selection={})) == []
