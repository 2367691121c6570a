from dataclasses import replace

import pytest
from fake_models import CopiedModel

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Example, RankedCandidate
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
