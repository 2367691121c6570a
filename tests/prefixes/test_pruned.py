import pytest
from earlier_runs import Given, write_round

from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.prefixes.pruned import PrunedPrefixes

RANKS = {"q1": "a", "q2": "a", "q3": "ab", "q4": "bc", "q5": "d"}
"""Question to the prefixes that win it."""


@pytest.fixture
def run(tmp_path):
    rows = [
        Given(question, prefix, 1 if prefix in winners else 5)
        for question, winners in RANKS.items()
        for prefix in "dcba"
    ]
    write_round(tmp_path / "first", 1, rows)
    return str(tmp_path / "first")


def names(prefixes):
    assert prefixes.faults() == []
    assert all(prefix == Prefix(name=prefix.name, text=prefix.name) for prefix in prefixes.prefixes())
    return [prefix.name for prefix in prefixes.prefixes()]


def test_those_that_solve_most_questions_together_are_kept_in_their_order(run):
    assert names(PrunedPrefixes(run=run, keep=1)) == ["a"]
    # b has more wins than d, but a solves one of them already; each adds one question.
    assert names(PrunedPrefixes(run=run, keep=2)) == ["b", "a"]
    assert names(PrunedPrefixes(run=run, keep=3)) == ["d", "b", "a"]
    assert names(PrunedPrefixes(run=run, keep=4)) == ["d", "c", "b", "a"]


def test_the_questions_on_which_they_were_chosen_are_known(run):
    assert PrunedPrefixes(run=run, keep=2).chosen_on() == set(RANKS)


def test_or_those_with_most_wins(tmp_path):
    rows = [Given(f"q{number}", prefix, 1 if prefix in "ab" else 5) for number in range(3) for prefix in "abc"]
    rows += [Given("q9", "a", 5), Given("q9", "b", 5), Given("q9", "c", 1)]
    write_round(tmp_path, 1, rows)
    assert names(PrunedPrefixes(run=str(tmp_path), keep=2, by="wins")) == ["a", "b"]
    assert names(PrunedPrefixes(run=str(tmp_path), keep=2)) == ["a", "c"]


def test_a_prefix_counts_once_whichever_model_generated(tmp_path):
    rows = [
        Given("q1", f"{prefix} ({model})", 1 if (prefix, model) == ("b", "base") else 5, thought=f"{prefix} thinks")
        for model in ("base", "previous")
        for prefix in "ab"
    ]
    write_round(tmp_path, 1, rows)
    assert names(PrunedPrefixes(run=str(tmp_path), keep=1)) == ["b"]
    assert names(PrunedPrefixes(run=str(tmp_path), keep=2)) == ["a", "b"]


def test_more_than_the_run_has_is_a_fault(run):
    [fault] = PrunedPrefixes(run=run, keep=5).faults()
    assert "has 4 prefixes: keep fewer of them" in fault


def test_a_run_whose_prefixes_are_no_texts_is_a_fault(tmp_path):
    write_round(tmp_path, 1, [Given("q1", "sample_1", 1, thought="So"), Given("q1", "sample_2", 2, thought="We")])
    pruned = PrunedPrefixes(run=str(tmp_path), keep=1)
    assert pruned.prefixes() == ()
    [fault] = pruned.faults()
    assert "'sample_1', 'sample_2' are no texts" in fault


def test_a_missing_run_and_wrong_numbers_are_faults_and_give_no_prefix(tmp_path):
    missing = PrunedPrefixes(run=str(tmp_path / "nowhere"), keep=1)
    assert missing.prefixes() == ()
    [fault] = missing.faults()
    assert fault.startswith("prefixes.pruned.run: ")
    assert len(PrunedPrefixes(run="nowhere", keep=0, rounds=0).faults()) == 2
