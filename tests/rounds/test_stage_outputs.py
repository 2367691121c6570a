import pytest

from thoughtrank.rounds.stage_outputs import stage_outputs
from thoughtrank.stages.training import KeptModel


@pytest.mark.parametrize(
    ("training", "model_of_round_2"),
    [
        ({"start": "base", "examples": "all"}, [("examples", 1), ("examples", 2)]),
        ({"start": "previous", "examples": "round"}, [("examples", 2), ("model", 1)]),
    ],
)
def test_every_output_names_what_it_was_made_from(finished_builder_of, store, training, model_of_round_2):
    builder = finished_builder_of(training=training)
    none, first, second = (stage_outputs(builder, each) for each in builder.rounds)
    assert none == []
    assert {each.name: list(each.made_from) for each in first} == {
        "candidates": [],
        "rankings": [("candidates", 1)],
        "examples": [("candidates", 1), ("rankings", 1)],
        "model": [("examples", 1)],
    }
    assert {each.name: list(each.made_from) for each in second} == {
        "candidates": [("model", 1)],
        "rankings": [("candidates", 2)],
        "examples": [("candidates", 2), ("rankings", 2)],
        "model": model_of_round_2,
    }
    assert [each.folder for each in first] == [
        store.paths.candidates(1),
        store.paths.rankings(1),
        store.paths.examples(1),
        store.paths.model(1),
    ]


def test_a_model_that_was_kept_for_lack_of_examples_is_made_from_that_of_the_round_before(finished_builder_of):
    builder = finished_builder_of(training={"start": "base", "examples": "round"})
    second = builder.rounds[2]
    second.stages["training"] = KeptModel(
        name="round 2 training", published=second.artifacts["training"].published, start=second.start
    )
    assert stage_outputs(builder, second)[-1].made_from == [("model", 1)]
