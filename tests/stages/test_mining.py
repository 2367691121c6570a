from dataclasses import replace

import pytest

from thoughtrank.prefixes.mined import MinedPrefixes
from thoughtrank.prefixes.openers import Opener
from thoughtrank.records import Gain, RankedCandidate
from thoughtrank.stages.mining import MinedRound, Mining
from thoughtrank.storage.tables import read_table


@pytest.fixture
def mined_round(store, candidates, finished):
    """Two questions whose first candidate wins; only that of q1 has a positive gain."""
    table = candidates({"q1": ["1", "2"], "q2": ["3", "4"]})
    ids = [(question, f"{question}-00{index}", index) for question in ("q1", "q2") for index in (0, 1)]
    rankings = [
        RankedCandidate(question_id=question, candidate_id=candidate, prefix="a", rank=1 + index, reason=None)
        for question, candidate, index in ids
    ]
    gains = [
        Gain(f"q{number}", f"q{number}-000", gain, 0.0, 0.0, "7", "number", None)
        for number, gain in ((1, 2.0), (2, -1.0))
    ]
    return MinedRound(
        candidates=table,
        rankings=finished("rankings", rankings, record_type=RankedCandidate, published=store.paths.rankings(1)),
        gains=finished("gains", gains, record_type=Gain, published=store.paths.gains(1)),
    )


@pytest.fixture
def stage(store, mined_round):
    def make(rounds=(mined_round,), /, **settings):
        mined = MinedPrefixes(**{"count": 5, "words": 1, "min_questions": 1, **settings})
        published = store.paths.round(2).openers
        return Mining(name="round 2 openers", published=published, rounds=list(rounds), sets={"mined": mined})

    return make


def test_the_table_has_the_openers_of_genuine_wins(stage, store):
    artifact = store.complete(stage())
    assert read_table(artifact.folder, Opener) == [
        Opener(prefix_set="mined", opener="thought", wins=1, questions=1, adds=1)
    ]
    assert artifact.facts["openers"] == {"mined": 1}


def test_without_gains_every_win_counts(stage, store, mined_round):
    artifact = store.complete(stage([replace(mined_round, gains=None)]))
    assert [(row.wins, row.questions) for row in read_table(artifact.folder, Opener)] == [(2, 2)]


def test_rounds_after_those_that_are_asked_for_are_not_read(stage, store, mined_round):
    twice = [mined_round, replace(mined_round, gains=None)]
    artifact = store.complete(stage(twice, rounds=1))
    assert [row.wins for row in read_table(artifact.folder, Opener)] == [1]


def test_tables_and_settings_are_the_inputs(stage, mined_round):
    made = [stage(), stage([replace(mined_round, gains=None)]), stage([]), stage(words=2), stage(count=1)]
    assert len({repr(each.inputs()) for each in made}) == len(made)
    assert stage(fallback="xy").inputs() == stage().inputs()
