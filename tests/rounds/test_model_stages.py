"""The stages about the models of a small run."""

from thoughtrank.stages.training import Training


def test_every_round_is_trained_with_another_seed_and_the_operational_settings_apart(finished_builder_of):
    stages = [each.stages["training"] for each in finished_builder_of(seed=10).rounds[1:]]
    assert all(type(stage) is Training for stage in stages)
    assert [stage.settings["seed"] for stage in stages] == [11, 12]
    assert stages[0].operational.keys() == {"checkpoint_minutes", "log_every"}
    assert not stages[0].operational.keys() & stages[0].settings.keys()


def asked_for_best_of_n(builder):
    return ["best_of_n" in each.stages["evaluation"].arms for each in builder.rounds]


def test_a_round_that_was_the_last_keeps_its_arms_when_the_run_is_extended(finished_builder_of):
    assert asked_for_best_of_n(finished_builder_of(rounds=1)) == [True, True]
    assert asked_for_best_of_n(finished_builder_of(rounds=3)) == [True, True, False, True]


def test_a_round_that_was_not_the_last_keeps_its_arms_when_the_run_is_shortened(finished_builder_of):
    assert asked_for_best_of_n(finished_builder_of(rounds=3)) == [True, False, False, True]
    assert asked_for_best_of_n(finished_builder_of(rounds=1)) == [True, False]


def test_a_release_is_one_model_with_its_card_and_the_length_of_replies(finished_builder_of, store):
    builder = finished_builder_of(rounds=1)
    for each in builder.rounds:
        export = builder.model_stages.export(published=store.paths.export, model=each.model, card="a card")
        assert (export.model.key, export.card, export.published) == (each.model.key, "a card", store.paths.export)
        assert export.reply_tokens == builder.config.reply_tokens
