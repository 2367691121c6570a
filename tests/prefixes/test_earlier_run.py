import pytest
from earlier_runs import Given, write_round
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.prefixes.earlier_run import EarlierRun, cover


def wins(folder, *, rounds=None):
    return [(row.question_id, row.prefix) for row in EarlierRun(str(folder), rounds=rounds).wins().values()]


def test_a_win_has_the_best_rank_of_a_question_that_was_decided(tmp_path):
    write_round(tmp_path, 1, [Given("q1", "a", 1), Given("q1", "b", 2), Given("q2", "a", 1), Given("q2", "b", 1)])
    assert wins(tmp_path) == [("q1", "a")]


def test_with_gains_a_win_needs_a_positive_one(tmp_path):
    rows = [Given("q1", "a", 1, -1.0), Given("q1", "b", 1, 2.0), Given("q1", "c", 1), Given("q1", "d", 4)]
    write_round(tmp_path, 1, rows)
    assert wins(tmp_path) == [("q1", "b")]


def test_an_unranked_candidate_wins_nothing(tmp_path):
    write_round(tmp_path, 1, [Given("q1", "a", None), Given("q1", "b", None)])
    assert wins(tmp_path) == []


def test_as_many_rounds_are_read_as_are_asked_for(tmp_path):
    for number in (1, 2):
        write_round(tmp_path, number, [Given(f"q{number}", "a", 1), Given(f"q{number}", "b", 2)])
    assert EarlierRun(str(tmp_path), rounds=None).numbers() == [1, 2]
    assert wins(tmp_path, rounds=1) == [("q1", "a")]
    assert len(list(EarlierRun(str(tmp_path), rounds=2).candidates())) == 4
    with pytest.raises(UserError, match="has 2 ranked rounds, but 3 are read"):
        EarlierRun(str(tmp_path), rounds=3).numbers()


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere: no such folder"):
        EarlierRun(str(tmp_path / "nowhere"), rounds=2).wins()
    with pytest.raises(UserError, match=f"{tmp_path} has no ranked round: name a run folder"):
        EarlierRun(str(tmp_path), rounds=None).wins()
    with pytest.raises(UserError, match="has no ranked round, but 2 are read: name a run folder"):
        EarlierRun(str(tmp_path), rounds=2).wins()


def test_the_cover_adds_what_is_not_solved_yet():
    solved = {"a": {"1", "2", "3"}, "b": {"1", "2"}, "c": {"4"}, "d": set()}
    assert cover(solved, count=2) == ["a", "c"]
    assert cover(solved, count=3) == ["a", "c", "b"]
    assert cover(solved, count=9) == ["a", "c", "b", "d"]


def test_equal_names_come_in_their_order():
    assert cover({"z": {"1"}, "a": {"2"}}, count=1) == ["z"]


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("12345")), max_size=6), st.integers(1, 6))
def test_no_other_prefix_would_have_added_more(solved, count):
    done: set[str] = set()
    chosen = cover(solved, count=count)
    assert len(chosen) == len(set(chosen)) == min(count, len(solved))
    for index, name in enumerate(chosen):
        left = set(solved) - set(chosen[:index])
        assert len(solved[name] - done) == max(len(solved[each] - done) for each in left)
        done |= solved[name]
