from dataclasses import asdict, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.records import Candidate, Gain, RankedCandidate
from thoughtrank.report.prefix_statistics import CandidateFigures, RoundPrefix, tallied, with_round

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tables(*rows):
    """Both tables of a round from (question, prefix, rank) and, where it matters, thought tokens and finish."""
    candidates, ranking = [], []
    for question, prefix, rank, *rest in rows:
        tokens, finish = rest or (10, "stop")
        ids = {"question_id": question, "candidate_id": f"{question}-{prefix}", "prefix": prefix}
        candidates.append(
            Candidate(
                **ids,
                thought=f"{prefix}...",
                answer="7",
                thought_tokens=tokens,
                answer_tokens=1,
                thought_finish=finish,
                answer_finish="stop",
            )
        )
        ranking.append(RankedCandidate(**ids, rank=rank, reason="empty" if rank is None else None))
    return candidates, ranking


def prefix_results(*round_tables):
    return tallied(*round_tables).results()


def results(*rows):
    return {result.prefix: result for result in prefix_results(*tables(*rows))}


def test_the_win_rate_is_the_share_of_decided_questions_whose_best_rank_is_shared():
    by_prefix = results(
        *(("q1", "a", 1), ("q1", "b", 1), ("q1", "c", 3)),
        *(("q2", "a", 2), ("q2", "b", 1), ("q2", "c", 2)),
    )
    assert {prefix: result.win_rate for prefix, result in by_prefix.items()} == {"a": 0.5, "b": 1.0, "c": 0.0}


def test_a_question_whose_answers_all_tie_decides_nothing():
    by_prefix = results(("q1", "a", 1), ("q1", "b", 2), ("q2", "a", 1), ("q2", "b", 1))
    assert (by_prefix["a"].win_rate, by_prefix["b"].win_rate) == (1.0, 0.0)
    assert results(("q1", "a", 1), ("q1", "b", 1))["a"].win_rate is None


def test_an_unranked_answer_wins_nothing_and_lowers_the_ranked_share():
    by_prefix = results(
        ("q1", "a", None), ("q1", "b", 1), ("q1", "c", 2), ("q2", "a", 1), ("q2", "b", 2), ("q2", "c", 3)
    )
    assert (by_prefix["a"].win_rate, by_prefix["a"].ranked) == (0.5, 0.5)
    assert by_prefix["b"].ranked == 1.0


def test_a_question_without_any_ranked_answer_is_left_out_of_the_wins():
    by_prefix = results(("q1", "a", None), ("q1", "b", None), ("q2", "a", 1), ("q2", "b", 2))
    assert (by_prefix["a"].win_rate, by_prefix["a"].ranked) == (1.0, 0.5)


def test_thoughts_are_measured_over_all_candidates_of_the_prefix():
    by_prefix = results(
        *(("q1", "a", 1, 10, "stop"), ("q1", "b", 2, 64, "length")),
        *(("q2", "a", None, 30, "length"), ("q2", "b", 1, 64, "length")),
    )
    assert (by_prefix["a"].thought_tokens, by_prefix["a"].closed_rate) == (20.0, 0.5)
    assert (by_prefix["b"].thought_tokens, by_prefix["b"].closed_rate) == (64.0, 0.0)


def test_prefixes_come_in_the_order_of_their_first_appearance():
    rows = [(f"q{number}", prefix, 1) for number in range(2) for prefix in ("Z", "a", "0")]
    assert [result.prefix for result in prefix_results(*tables(*rows))] == ["Z", "a", "0"]
    assert prefix_results([], []) == []


def test_tables_of_different_length_are_refused():
    candidates, ranking = tables(("q1", "a", 1), ("q1", "b", 2))
    with pytest.raises(ValueError, match="zip"):
        prefix_results(candidates, ranking[:1])


def gain(name, value):
    return Gain(name.partition("-")[0], name, value, value, 0.0, "7", "number", None)


ROUND = (("q1", "a", 1), ("q1", "b", 1), ("q1", "c", 3), ("q2", "a", 2), ("q2", "b", 1), ("q2", "c", 2))


def test_a_genuine_win_needs_a_positive_gain_and_the_mean_is_over_the_thoughts_that_were_scored():
    gains = [gain("q1-a", -2.0), gain("q1-b", 3.0), gain("q2-b", 1.0), gain("q2-a", float("-inf"))]
    by_prefix = {each.prefix: each for each in prefix_results(*tables(*ROUND), gains)}
    assert {prefix: each.genuine_rate for prefix, each in by_prefix.items()} == {"a": 0.0, "b": 1.0, "c": 0.0}
    assert {prefix: each.mean_gain for prefix, each in by_prefix.items()} == {"a": -2.0, "b": 2.0, "c": None}
    without = results(*ROUND)
    assert {(each.genuine_rate, each.mean_gain) for each in without.values()} == {(None, None)}


def test_the_candidates_of_a_round_are_counted_together():
    gains = [gain("q1-a", -2.0), gain("q1-b", 3.0), gain("q1-c", 5.0), gain("q2-b", -1.0), gain("q2-a", float("-inf"))]
    candidates, ranking = tables(*ROUND)
    answers = ["The answer is 12.", "12", "8", "5", "6", " "]
    changed = [replace(each, answer=answer) for each, answer in zip(candidates, answers, strict=True)]
    figures = tallied(changed, ranking, gains).figures()
    assert figures == CandidateFigures(
        n=6, questions=2, tokens=66, distinct_answers=2.0, decided=2, genuine=1, genuine_thoughts=1, mean_gain=1.25
    )
    without = tallied(changed, ranking).figures()
    assert without == replace(figures, genuine=None, genuine_thoughts=None, mean_gain=None)
    tied = tallied(*tables(("q1", "a", 1), ("q1", "b", 1)), [gain("q1-a", 2.0)]).figures()
    assert (tied.decided, tied.genuine, tied.genuine_thoughts) == (0, 0, 0)


def test_the_probability_of_the_top_is_the_mean_where_the_ranker_knows_it():
    candidates, ranking = tables(*ROUND)
    known = [replace(row, p_top=0.2 * index if row.prefix == "a" else None) for index, row in enumerate(ranking)]
    by_prefix = {each.prefix: each.p_top for each in prefix_results(candidates, known)}
    assert by_prefix == {"a": pytest.approx(0.3), "b": None, "c": None}


def test_an_answer_is_distinct_if_no_other_prefix_gave_it_in_whatever_words():
    candidates, ranking = tables(*ROUND)
    answers = ["The answer is 12.", "12", "8", "5", "6", " "]
    changed = [replace(each, answer=answer) for each, answer in zip(candidates, answers, strict=True)]
    by_prefix = {each.prefix: each.distinct_rate for each in prefix_results(changed, ranking)}
    assert by_prefix == {"a": 0.5, "b": 0.5, "c": 0.5}


def test_the_rows_of_a_run_have_the_round_as_well():
    [first, *_] = found = prefix_results(*tables(*ROUND))
    rows = with_round(3, found)
    assert [row.prefix for row in rows] == ["a", "b", "c"]
    assert rows[0] == RoundPrefix(**asdict(first), round=3)
    assert first.candidates == 2


@PATIENT
@given(st.lists(st.lists(st.none() | st.integers(1, 4), min_size=3, max_size=3), min_size=1, max_size=6))
def test_every_decided_question_has_a_winner_and_a_loser(ranks):
    rows = [
        (f"q{number}", prefix, rank)
        for number, row in enumerate(ranks)
        for prefix, rank in zip("abc", row, strict=True)
    ]
    found = prefix_results(*tables(*rows))
    decided = [row for row in ranks if len({rank for rank in row if rank is not None}) > 1]
    assert all((result.win_rate is None) == (not decided) for result in found)
    if decided:
        wins = sum(result.win_rate for result in found) * len(decided)
        assert len(decided) <= round(wins) <= 2 * len(decided)
    assert all(0 <= result.ranked <= 1 for result in found)
