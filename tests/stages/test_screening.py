from dataclasses import replace

import pytest

from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.questions.screening import ScreenedQuestion
from thoughtrank.records import Candidate, Gain
from thoughtrank.stages.screening import OWN_THOUGHT, RightAnswers, Screening, screening_prefixes
from thoughtrank.storage.tables import read_table

ANSWERS = {
    "q0": ["1", "1", "2"],
    "q1": ["2", "2", "2"],
    "q2": ["9", "8", "7"],
    "q3": ["4", "5", "5"],
    "q4": ["5", "5", "5"],
}
"""Question q has the answer q + 1."""
GAINS = {
    "q0-000": 2.0,
    "q0-001": -1.0,
    "q3-000": -0.5,
    **{f"q{q}-00{index}": 1.0 for q in (1, 4) for index in range(3)},
}


@pytest.fixture
def gains(store, finished):
    rows = [
        Gain(
            question_id=name[:2],
            candidate_id=name,
            gain=gain,
            answer_logprob=gain,
            baseline_logprob=0.0,
            answer="1",
            answer_kind="number",
            cut=None,
        )
        for name, gain in GAINS.items()
    ]
    return finished("gains", rows, record_type=Gain, published=store.paths.screening(1).gains)


@pytest.fixture
def stage(store, questions, candidates, gains):
    return Screening(
        name="round 1 screening",
        published=store.paths.screening(1).questions,
        questions=questions,
        candidates=candidates(ANSWERS),
        gains=gains,
        right=RightAnswers(questions=questions, scorer=ReferenceScorer()),
        at_most=2,
    )


def rows_of(stage, store):
    return read_table(store.complete(stage).published, ScreenedQuestion)


def test_the_table_has_every_question_with_its_genuine_solutions_and_why_it_was_kept(stage, store):
    rows = rows_of(stage, store)
    assert [(row.question_id, row.thoughts, row.right, row.genuine, row.solved, row.kept) for row in rows] == [
        ("q0", 3, 2, 1, "sometimes", True),
        ("q1", 3, 3, 3, "always", False),
        ("q2", 3, 0, 0, "never", False),
        # Right once, after a thought that made the answer less likely.
        ("q3", 3, 1, 0, "never", False),
        ("q4", 3, 3, 3, "always", False),
    ]
    facts = store.artifact(stage).facts
    figures = {name: facts[name] for name in ("screened", "kept", "sometimes", "never", "always")}
    assert figures == {"screened": 5, "kept": 1, "sometimes": 1, "never": 2, "always": 2}


def test_without_gains_every_right_answer_counts(stage, store):
    rows = rows_of(replace(stage, gains=None), store)
    assert {row.question_id: row.solved for row in rows if row.kept} == {"q0": "sometimes", "q3": "sometimes"}


def test_another_limit_makes_another_table(stage, store):
    keys = {store.artifact(each).key for each in (stage, replace(stage, at_most=3), replace(stage, gains=None))}
    assert len(keys) == 3


def candidate(answer, *, finish="stop", thought_finish="stop"):
    return Candidate("q0", "q0-000", "a", "thought", answer, 1, 1, thought_finish, finish)


def test_a_right_answer_is_complete_and_equals_the_reference(questions):
    right = RightAnswers(
        questions=[*questions, replace(questions[0], question_id="open", answer=None)], scorer=ReferenceScorer()
    )
    chosen, wrong = candidate("The answer is 1."), candidate("2")
    cut = [candidate("1", finish="length"), candidate("1", thought_finish="length"), candidate("1", finish="tag")]
    without = replace(chosen, question_id="open")
    assert right.choosable([wrong, chosen, *cut, without], []) == [chosen]


def test_the_models_own_thought_is_tried_beside_prefixes_from_all_of_the_list():
    prefixes = [Prefix(name=str(number), text=str(number)) for number in range(62)]
    chosen = screening_prefixes(prefixes, count=4)
    assert chosen[0] == OWN_THOUGHT
    assert [each.name for each in chosen[1:]] == ["7", "23", "38", "54"]
    assert screening_prefixes(prefixes[:3], count=9) == (OWN_THOUGHT, *prefixes[:3])


def test_whether_the_own_thought_was_right_is_a_column(stage, store, questions, finished):
    own = [replace(candidate("1"), prefix=OWN_THOUGHT.name), replace(candidate("7"), candidate_id="q0-001")]
    table = finished("candidates", own, record_type=Candidate, published=store.paths.screening(1).candidates)
    rows = rows_of(replace(stage, candidates=table, gains=None), store)
    assert [row.own_right for row in rows] == [True, False, False, False, False]
