from dataclasses import replace

import pytest

from thoughtrank.controls.answers_only import AnswerCopies
from thoughtrank.controls.random_candidates import RandomCandidates
from thoughtrank.records import Example, RankedCandidate
from thoughtrank.stages.control_examples import ControlExamples, RoundTables
from thoughtrank.storage.tables import read_table

ANSWERS = {"q0": ["1", "2", "1"], "q1": ["2"], "q3": ["4", "5"]}
"""Question q2 and q4 have no candidates."""


@pytest.fixture
def stage(store, base, questions, candidates, finished):
    """A control of one round, which has selected two candidates of q0 and one of q3."""
    table = candidates(ANSWERS)
    rankings = [
        RankedCandidate(question_id, f"{question_id}-{index:03d}", "a", rank=1 + index % 2, reason=None)
        for question_id, answers in ANSWERS.items()
        for index in range(len(answers))
    ]
    examples = [Example(name[:2], name, "prompt", "completion") for name in ("q0-002", "q0-000", "q3-001")]
    tables = RoundTables(
        questions=questions,
        candidates=table,
        rankings=finished("rankings", rankings, record_type=RankedCandidate, published=store.paths.rankings(1)),
        examples=finished("examples", examples, record_type=Example, published=store.paths.examples(1)),
    )
    return ControlExamples(
        name="round 1 control examples",
        published=store.paths.control(1, "answers_only", "copies").examples,
        control=AnswerCopies(),
        rounds=[tables],
        model=base,
        seed=0,
    )


def rows(stage, store):
    return read_table(store.complete(stage).folder, Example)


def test_the_control_chooses_for_every_question_that_has_examples(stage, store):
    made = rows(stage, store)
    assert [row.candidate_id for row in made] == ["q0-002", "q0-000", "q3-001"]
    assert made[0].prompt.count("What is 0 + 1?") == 1
    assert [row.completion.partition("<|")[0] for row in made] == [f"<thought></thought>{answer}" for answer in "115"]
    assert store.artifact(stage).facts["examples"] == 3
    assert (store.paths.folder / "round_1/controls/answers_only/copies/3_examples").is_dir()


def test_several_rounds_make_one_table(stage, store):
    assert len(rows(replace(stage, rounds=stage.rounds * 2), store)) == 6


def test_a_draw_depends_on_the_seed_and_on_nothing_else(stage, store):
    def drawn(seed, published):
        other = replace(stage, control=RandomCandidates(), seed=seed, published=store.paths.folder / published)
        return [row.candidate_id for row in rows(other, store)]

    draws = [drawn(seed, f"draw_{seed}") for seed in range(6)]
    assert len(set(map(tuple, draws))) > 1
    assert {len(draw) for draw in draws} == {3}


def test_what_is_chosen_and_from_what_is_part_of_its_inputs(stage, store):
    keys = [
        store.artifact(each).key
        for each in (
            stage,
            replace(stage, control=RandomCandidates()),
            replace(stage, seed=1),
            replace(stage, rounds=[]),
        )
    ]
    assert len(set(keys)) == 4
