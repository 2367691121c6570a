import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.ranking_work import dollars_text, ranked_counts, ranking_work
from thoughtrank.config.schema import load_config
from thoughtrank.rankers.protocol import Work


def planned(*overrides):
    config = load_config(composed("prefixes=digits", "questions.train_per_round=7", "rounds=3", *overrides))
    return config, make_components(config)


@pytest.mark.parametrize(
    ("controls", "times"),
    [("[]", 1), ("[answers_only,random_thoughts]", 1), ("[answers_only,sampled_prefixes]", 2)],
)
def test_rounds_are_ranked_once_more_for_each_control_with_candidates_of_its_own(controls, times):
    config, components = planned(f"controls={controls}")
    ranked = ranked_counts(config, components, CommandScope.of_run(config))
    assert [each.candidates for each in ranked] == times * 3 * [70]


def test_until_a_stage_one_round_is_ranked_and_no_control():
    config, components = planned("controls=[sampled_prefixes]", "stop_after=ranking")
    assert len(ranked_counts(config, components, CommandScope.of_command(config, first=2))) == 1
    config = config.model_copy(update={"stop_after": "generation"})
    assert ranked_counts(config, components, CommandScope.of_command(config, first=2)) == []


def test_the_work_of_questions_with_other_numbers_of_candidates_adds_up():
    _, components = planned("ranker=round_robin")
    assert ranking_work(components.ranker, [(2, 3), (3, 1)]) == Work(calls=3 + 3, answers_shown=6 + 6)


def test_a_command_that_stops_has_two_prices():
    run, part = CommandScope(rounds=2), CommandScope(rounds=2, stop_after="ranking")
    assert dollars_text(12.3, 12.3, scope=run) == "at most $12.30 in all"
    assert dollars_text(12.3, 12.3, scope=run, most="about") == "about $12.30"
    assert dollars_text(12.3, 4.5, scope=part) == "at most $4.50 until it stops and at most $12.30 in all"
    assert dollars_text(12.3, 0.0, scope=part, most="about") == "nothing until it stops and about $12.30 in all"
