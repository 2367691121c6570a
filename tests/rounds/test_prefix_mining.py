"""A small run that begins the thoughts of later rounds with openers of the rounds before."""

import pytest
from fake_engine import FakeEngine
from fake_models import CopyingTraining
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.engines.protocol import ContinuationScore
from thoughtrank.errors import UserError
from thoughtrank.pipeline import run_pipeline
from thoughtrank.prefixes.openers import Opener
from thoughtrank.records import Candidate, Gain, RankedCandidate
from thoughtrank.storage.tables import read_table

FALLBACK = ["a", "b", "c"]


class WeighingEngine(FakeEngine):
    """Every thought has a gain of one nat, but those that begin with c."""

    scores = True

    def score(self, requests):
        helps = [
            not each.opener.startswith(("<thought>c", "<thought></thought>"))
            for one in requests
            for each in one.answers
        ]
        scores = iter(ContinuationScore(1.0 * each, 1) for each in helps)
        return [[next(scores) for _ in one.answers] for one in requests]


@pytest.fixture
def start(store, tiny_folder, tmp_path):
    def run(*, rounds=3, **mined):
        settings = {"fallback": "abc", "count": 9, "words": 2, "min_questions": 1, **mined}
        prefixes = {
            "_target_": "thoughtrank.prefixes.prefix_sets.PrefixSets",
            "mined": {"_target_": "thoughtrank.prefixes.mined.MinedPrefixes", **settings},
        }
        values = small_values(
            model_folder=tiny_folder,
            workplace=tmp_path,
            rounds=rounds,
            prefixes=prefixes,
            engine={"_target_": f"{__name__}.WeighingEngine"},
        )
        config = load_config(values)
        store.paths.folder.mkdir(parents=True, exist_ok=True)
        components = make_components(config)
        return run_pipeline(config=config, components=components, store=store, nodes=CopyingTraining(), values=values)

    return run


def prefixes_of(store, number):
    return list(dict.fromkeys(row.prefix for row in read_table(store.paths.candidates(number), Candidate)))


def openers_of(store, number):
    return [row.opener for row in read_table(store.paths.round(number).openers, Opener)]


def genuine_openers(store, number):
    """Two first words of every candidate that is best in a question that was decided, and has a positive gain."""
    ranks, rows = {}, read_table(store.paths.rankings(number), RankedCandidate)
    for row in rows:
        ranks.setdefault(row.question_id, set()).add(row.rank)
    gains = {row.candidate_id: row.gain for row in read_table(store.paths.gains(number), Gain)}
    won = {
        row.candidate_id
        for row in rows
        if len(ranks[row.question_id]) > 1
        and row.rank == min(ranks[row.question_id])
        and gains.get(row.candidate_id, 0) > 0
    }
    thoughts = {row.candidate_id: row.thought for row in read_table(store.paths.candidates(number), Candidate)}
    return {" ".join(thoughts[each].split()[:2]) for each in won}


def test_every_round_begins_with_the_openers_of_all_rounds_before(start, store):
    start()
    assert prefixes_of(store, 1) == FALLBACK
    assert not store.paths.round(1).openers.exists()
    found = genuine_openers(store, 1)
    assert found
    assert set(openers_of(store, 2)) == found
    assert set(openers_of(store, 3)) == found | genuine_openers(store, 2)
    for number in (2, 3):
        assert prefixes_of(store, number) == openers_of(store, number)
        assert all(row.thought.startswith(row.prefix) for row in read_table(store.paths.candidates(number), Candidate))


def test_no_more_openers_are_tried_than_asked_for(start, store):
    start(rounds=2, count=1)
    [opener] = openers_of(store, 2)
    assert prefixes_of(store, 2) == [opener]


def test_where_nothing_is_found_the_fallback_stays_and_a_warning_says_so(start, store, capsys):
    start(rounds=2, min_questions=99)
    assert openers_of(store, 2) == []
    assert prefixes_of(store, 2) == FALLBACK
    assert "round 2: no 2 first words of genuine thoughts are shared by 99 questions" in capsys.readouterr().err


def test_a_run_that_goes_on_keeps_its_openers_and_generates_nothing_again(start, store, monkeypatch):
    start(rounds=2)
    first = read_table(store.paths.round(2).openers, Opener)
    opened = []
    original = FakeEngine.open

    def watched(self, model_folder, *, work_folder=None):
        opened.append(work_folder.parent.name)
        return original(self, model_folder, work_folder=work_folder)

    monkeypatch.setattr(FakeEngine, "open", watched)
    start(rounds=3)
    assert read_table(store.paths.round(2).openers, Opener) == first
    # The candidates of round 3 alone.
    assert opened.count("candidates") == 1


def test_a_begun_run_cannot_mine_other_openers(start):
    start(rounds=2)
    with pytest.raises(UserError, match="0_openers"):
        start(rounds=2, words=1)
