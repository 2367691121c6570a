import pytest
from composing import composed

from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.schema import load_config
from thoughtrank.records import STAGES


def done(*overrides, first=0):
    """The rounds of each stage that a command does."""
    scope = CommandScope.of_command(load_config(composed("rounds=3", *overrides)), first=first)
    return {stage: list(scope.of(stage)) for stage in STAGES if list(scope.of(stage))}


def test_a_command_does_the_whole_run():
    every = {key: [1, 2, 3] for key in STAGES}
    assert done() == {**every, "evaluation": [0, 1, 2, 3]}
    assert done(first=2) == done()


@pytest.mark.parametrize(
    ("first", "stages"),
    [
        (0, {"generation": [1], "ranking": [1], "evaluation": [0]}),
        (1, {"generation": [1], "ranking": [1]}),
        (3, {"generation": [3], "ranking": [3]}),
    ],
)
def test_until_a_stage_it_does_those_before_it_in_the_first_unfinished_round(first, stages):
    assert done("stop_after=ranking", first=first) == stages


def test_the_base_model_is_evaluated_before_any_stage():
    assert done("stop_after=generation") == {"generation": [1], "evaluation": [0]}


def test_nothing_stops_a_run_whose_rounds_are_finished():
    assert done("stop_after=ranking", first=4) == done()
