"""The stage of gains: which candidates it scores, with what, and that it resumes group by group."""

import math
from dataclasses import replace

import pytest
from fake_engine import PooledEngine, ScoringEngine

from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.records import Gain, RankedCandidate
from thoughtrank.selection.top_k import TopK
from thoughtrank.stages.gains import Gains
from thoughtrank.storage.tables import part_path, read_table

ANSWERS = {
    "q0": ["1", "The answer is 1.", "5"],
    "q1": ["9", "8"],
    "q2": ["3", " 3", "8"],
    "q4": ["5", "", "7"],
}
RANKS = {"q0": [1, 1, 3], "q1": [1, 1], "q2": [1, 1, 3], "q4": [1, 1, 3]}


@pytest.fixture
def rankings(store, finished):
    def make(ranks):
        rows = [
            RankedCandidate(question_id, f"{question_id}-{index:03d}", "a", rank, None)
            for question_id, of_question in ranks.items()
            for index, rank in enumerate(of_question)
        ]
        return finished("rankings", rows, record_type=RankedCandidate, published=store.paths.rankings(1))

    return make


@pytest.fixture
def stage(store, base, questions, candidates, rankings):
    return Gains(
        name="round 1 gains",
        published=store.paths.gains(1),
        questions=questions,
        candidates=candidates(ANSWERS),
        rankings=rankings(RANKS),
        selector=TopK(thoughts="gain"),
        model=base,
        engine=ScoringEngine(),
        stem="The answer is",
    )


def test_there_is_one_row_for_each_candidate_that_may_be_chosen_in_order(stage, store):
    rows = read_table(store.complete(stage).published, Gain)
    # Not those of q1, which tie, nor the empty answer of q4.
    assert [row.candidate_id for row in rows] == ["q0-000", "q0-001", "q2-000", "q2-001", "q4-000"]
    assert {row.question_id: (row.answer, row.answer_kind) for row in rows} == {
        "q0": ("1", "number"),
        "q2": ("3", "number"),
        "q4": ("5", "number"),
    }


def test_each_question_is_one_request_with_two_texts_per_candidate(stage, store):
    store.complete(stage)
    requests = [request for call in stage.engine.requested for request in call if request.answers]
    assert [len(request.answers) for request in requests] == [4, 4, 2]
    first = requests[0]
    assert "What is 0 + 1?" in first.prompt
    # "thought 0" never states 1, "thought 1" does.
    assert [each.opener for each in first.answers] == [
        "<thought>thought 0</thought>\n\nThe answer is",
        "<thought></thought>\n\nThe answer is",
        "<thought>thought",
        "<thought></thought>\n\nThe answer is",
    ]


def test_the_gain_and_the_figures(stage, store):
    artifact = store.complete(stage)
    rows = {row.candidate_id: row for row in read_table(artifact.published, Gain)}
    assert (rows["q0-001"].answer_logprob, rows["q0-001"].baseline_logprob, rows["q0-001"].gain) == (-2.0, -4.0, 2.0)
    assert rows["q0-000"].gain == 0.0
    assert (artifact.facts["scored"], artifact.facts["positive"], artifact.facts["at_least_3"]) == (5, 0.2, 0.0)


def test_a_resumed_stage_scores_only_the_groups_that_are_missing(stage, store):
    stage.engine.breaks_at = 1
    with pytest.raises(KeyboardInterrupt):
        store.complete(stage)
    artifact = store.artifact(stage)
    assert part_path(artifact.folder, 0).exists()
    assert not part_path(artifact.folder, 1).exists()
    stage.engine.requested.clear()
    stage.engine.breaks_at = -1
    assert len(read_table(store.complete(stage).published, Gain)) == 5
    assert sum(len(call) for call in stage.engine.requested) < len(stage.questions)


def test_a_session_that_takes_several_groups_at_once_gives_the_same_table(stage, store):
    expected = read_table(store.complete(stage).published, Gain)
    pooled = store.complete(replace(stage, engine=PooledEngine(), published=stage.published.with_name("pooled")))
    assert read_table(pooled.published, Gain) == expected
    assert pooled.facts["engine"]["devices"] == 2


def test_where_nothing_can_be_chosen_the_table_is_empty(stage, store, rankings):
    tied = rankings({question: [1] * len(ranks) for question, ranks in RANKS.items()})
    artifact = store.complete(replace(stage, rankings=tied))
    assert read_table(artifact.published, Gain) == []
    assert (artifact.facts["scored"], artifact.facts["positive"]) == (0, None)


def test_what_decides_the_gains_is_among_the_inputs_and_what_only_chooses_by_them_is_not(stage, questions):
    inputs = stage.inputs()
    for change in (
        {"selector": TopK(thoughts="gain", allow_truncated=True)},
        {"stem": "Answer:"},
        {"questions": [replace(questions[0], answer="2"), *questions[1:]]},
        {"engine": ScoringEngine(seed=1)},
    ):
        assert replace(stage, **change).inputs() != inputs
    same = TopK(k=3, min_gain=2.0, skip_known=True, thoughts="hash", min_winner_share=0.5)
    assert replace(stage, selector=same, name="other").inputs() == inputs


def test_a_real_model_scores(stage, store):
    real = replace(stage, engine=TransformersEngine(dtype="float32", device="cpu", probe_candidates=0))
    rows = read_table(store.complete(real).published, Gain)
    assert len(rows) == 5
    assert all(math.isfinite(row.gain) and row.answer_logprob < 0 for row in rows)
    assert rows[0].baseline_logprob == pytest.approx(rows[1].baseline_logprob)
