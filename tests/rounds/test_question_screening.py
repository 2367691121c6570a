"""The screening of a small run's questions by an engine whose answers are computed."""

import re
from typing import ClassVar

import pytest
from fake_engine import FakeEngine
from fake_models import CopyingTraining
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.engines.protocol import ContinuationScore
from thoughtrank.pipeline import run_pipeline
from thoughtrank.questions.screening import ScreenedQuestion
from thoughtrank.records import Candidate, Gain
from thoughtrank.rounds.question_screening import screen_questions
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import read_table


class SolvingEngine(FakeEngine):
    """Solves questions whose text has an even length, after a thought that begins with a or b; only the former by its work."""

    scores = True
    answers: ClassVar[dict[str, str]] = {}
    breaks_at_score = False

    def answer(self, request, branch):
        [(text, right)] = [each for each in self.answers.items() if each[0] in request.prompt]
        solves = len(text) % 2 == 0 and re.match("<thought>[ab]", branch.opener)
        return f"The answer is {right}." if solves else "The answer is 1000000."

    def score(self, requests):
        if self.breaks_at_score:
            raise KeyboardInterrupt
        return [
            [ContinuationScore(1.0 * each.opener.startswith("<thought>a"), 1) for each in request.answers]
            for request in requests
        ]


@pytest.fixture
def values(tiny_folder, tmp_path):
    def make(**questions):
        values = small_values(model_folder=tiny_folder, workplace=tmp_path)
        values["questions"] = {**values["questions"], "screen": 4, "screen_prefixes": 3, **questions}
        values["engine"] = {"_target_": f"{__name__}.SolvingEngine"}
        return values

    return make


@pytest.fixture
def builder_of(store, values):
    def make(**questions):
        config = load_config(values(**questions))
        components = make_components(config)
        SolvingEngine.answers = {
            each.text: each.answer for number in (1, 2) for each in components.questions.train(number)
        }
        return StageBuilder(config=config, components=components, store=store, nodes=CopyingTraining())

    return make


def begun(builder, number=1):
    builder.begin_round(0)
    current = builder.begin_round(number)
    pool = list(current.questions)
    screen_questions(builder, current)
    return pool, current


def test_the_round_asks_those_that_are_solved_by_some_thoughts(builder_of, store):
    pool, current = begun(builder_of())
    solvable = [each for each in pool if len(each.text) % 2 == 0]
    assert len(pool) == 12
    assert current.questions == [each for each in pool if each in current.questions]
    assert 0 < len(current.questions) == min(3, len(solvable))
    assert set(current.questions) <= set(solvable)
    rows = read_table(store.paths.screening(1).questions, ScreenedQuestion)
    assert [row.question_id for row in rows] == [each.question_id for each in pool]
    assert [row.question_id for row in rows if row.kept] == [each.question_id for each in current.questions]
    assert {(row.thoughts, row.right, row.genuine) for row in rows} == {(4, 2, 1), (4, 0, 0)}


def test_the_tables_of_thoughts_and_gains_are_in_the_run_folder(builder_of, store):
    pool, _ = begun(builder_of())
    rows = read_table(store.paths.screening(1).candidates, Candidate)
    assert [row.prefix for row in rows] == ["own_thought", "a", "b", "c"] * len(pool)
    gains = read_table(store.paths.screening(1).gains, Gain)
    assert len(gains) == 2 * sum(len(each.text) % 2 == 0 for each in pool)


def test_round_0_and_a_run_without_screening_screen_nothing(builder_of, store):
    builder = builder_of()
    screen_questions(builder, builder.begin_round(0))
    assert not store.paths.screening(0).folder.exists()
    pool, current = begun(builder_of(screen=1))
    assert current.questions == pool
    assert len(pool) == 3
    assert not store.paths.screening(1).folder.exists()


def test_a_screening_that_is_killed_resumes_where_it_was(builder_of, store, monkeypatch):
    builder = builder_of()
    engine = builder.components.engine
    engine.breaks_at_score = True
    with pytest.raises(KeyboardInterrupt):
        begun(builder)
    generated = len(engine.requested)
    assert generated > 0
    assert store.paths.screening(1).candidates.exists()
    assert not store.paths.screening(1).questions.exists()
    engine.breaks_at_score = False
    builder.rounds.clear()
    begun(builder)
    assert len(engine.requested) == generated
    assert store.paths.screening(1).questions.exists()


def test_where_nothing_is_solved_sometimes_a_warning_says_so(builder_of, monkeypatch, capsys):
    monkeypatch.setattr(SolvingEngine, "answer", lambda self, request, branch: "no idea")
    _, current = begun(builder_of())
    assert len(current.questions) == 3
    assert "none of the 12 screened questions was solved by some" in capsys.readouterr().err


def test_a_whole_run_asks_what_was_kept_and_counts_it(builder_of, values, tmp_path):
    builder = builder_of()
    held_out = [*builder.questions.evaluation(), *builder.questions.development()]
    SolvingEngine.answers |= {each.text: each.answer for each in held_out}
    config = load_config(values())
    store = Store(run_folder=tmp_path / "runs" / "whole", cache_folder=tmp_path / "cache")
    store.paths.folder.mkdir(parents=True)
    components = make_components(config)
    summary = run_pipeline(config=config, components=components, store=store, nodes=CopyingTraining(), values={})
    assert summary["rounds"][0]["screening"] == {}
    for number in (1, 2):
        figures = summary["rounds"][number]["screening"]
        assert figures["screened"] == 12
        assert figures["kept"] == 3
        assert figures["seconds"] >= 0
        asked = {row.question_id for row in read_table(store.paths.candidates(number), Candidate)}
        rows = read_table(store.paths.screening(number).questions, ScreenedQuestion)
        assert asked == {row.question_id for row in rows if row.kept}
        assert not asked & {each.question_id for each in held_out}
    assert read_json(store.paths.summary)["rounds"] == summary["rounds"]
