from dataclasses import replace

import pytest
from fake_models import CopiedModel

from thoughtrank.instantiate import Component
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Example, Gain, RankedCandidate
from thoughtrank.selection.top_k import Best, TopK
from thoughtrank.stages.round_models import BaseModel
from thoughtrank.stages.selection import Selection
from thoughtrank.storage.tables import read_table

ANSWERS = {"q0": ["one", "two", "three"], "q1": ["four", "four", "four"], "q2": ["five", "six", "seven"]}
RANKS = {"q0": [2, 1, 3], "q1": [1, 1, 1], "q2": [2, 3, 1]}


@pytest.fixture
def rankings(store, finished):
    def make(ranks):
        rows = [
            RankedCandidate(
                question_id=question_id,
                candidate_id=f"{question_id}-{index:03d}",
                prefix="ab"[index % 2],
                rank=rank,
                reason=None,
            )
            for question_id, of_question in ranks.items()
            for index, rank in enumerate(of_question)
        ]
        return finished("rankings", rows, record_type=RankedCandidate, published=store.paths.rankings(1))

    return make


@pytest.fixture
def stage(store, base, candidates, rankings, questions):
    return Selection(
        name="round 1 selection",
        published=store.paths.examples(1),
        questions=questions[:3],
        candidates=candidates(ANSWERS),
        rankings=rankings(RANKS),
        selector=TopK(),
        model=base,
    )


def test_the_best_answer_of_each_question_becomes_an_example_as_the_template_writes_it(stage, store, tiny_folder):
    chat = ChatTemplate.from_folder(tiny_folder)
    assert read_table(store.complete(stage).published, Example) == [
        Example(
            question_id=question_id,
            candidate_id=f"{question_id}-{index:03d}",
            prompt=chat.prompt(f"What is {question_id[1]} + 1?"),
            completion=chat.completion(thought=f"thought {index}", answer=answer),
        )
        for question_id, index, answer in (("q0", 1, "two"), ("q2", 2, "seven"))
    ]


def test_a_question_whose_answers_tie_gives_no_example_and_is_not_counted(stage, store):
    facts = store.complete(stage).facts
    assert (facts["examples"], facts["questions_with_examples"]) == (2, 2)


def test_a_question_may_give_several_examples(stage, store, rankings):
    tied = rankings({**RANKS, "q0": [1, 1, 3]})
    facts = store.complete(replace(stage, selector=TopK(k=2), rankings=tied)).facts
    assert (facts["examples"], facts["questions_with_examples"]) == (3, 2)


def test_a_ranking_of_fewer_candidates_is_an_error(stage, store, rankings):
    with pytest.raises(ValueError, match="shorter"):
        store.complete(replace(stage, rankings=rankings({"q0": [1, 2, 3]})))


def test_what_an_example_is_rendered_from_is_among_the_inputs(stage, store, questions, tmp_path):
    other = [replace(questions[0], text="What is 9 + 9?"), *questions[1:]]
    assert replace(stage, questions=other).inputs() != stage.inputs()
    model = BaseModel.of(CopiedModel(folder=str(tmp_path)), store=store)
    assert replace(stage, model=model).inputs() != stage.inputs()


def test_rankings_and_selector_are_the_inputs(stage, store):
    assert replace(stage, selector=TopK(k=2)).inputs() != stage.inputs()
    assert replace(stage, selector=Best()).inputs() != stage.inputs()
    assert replace(stage, rankings=stage.candidates).inputs() != stage.inputs()
    assert replace(stage, name="other", published=store.paths.examples(2)).inputs() == stage.inputs()


def test_gains_decide_where_the_selector_asks_for_them(stage, store, rankings, finished):
    tied = rankings({**RANKS, "q0": [1, 1, 3]})
    rows = [
        Gain("q0", "q0-000", 1.0, -1.0, -2.0, "1", "number", None),
        Gain("q0", "q0-001", 4.0, -1.0, -5.0, "1", "number", None),
        Gain("q2", "q2-002", 2.0, -1.0, -3.0, "3", "number", None),
    ]
    gains = finished("gains", rows, record_type=Gain, published=store.paths.gains(1))

    def chosen(**settings):
        selected = replace(stage, rankings=tied, gains=gains, selector=TopK(k=2, **settings))
        return [example.candidate_id for example in read_table(store.complete_in_cache(selected).folder, Example)]

    assert sorted(chosen(thoughts="gain")) == ["q0-000", "q0-001", "q2-002"]
    assert chosen(min_gain=3.0) == ["q0-001"]
    assert replace(stage, gains=gains).inputs() != stage.inputs()


def test_a_selector_that_knows_no_gains_selects_as_before(stage, store):
    class First(Component):
        def select(self, candidates, ranking):
            return list(candidates)[:1]

    assert len(read_table(store.complete(replace(stage, selector=First())).published, Example)) == 3
