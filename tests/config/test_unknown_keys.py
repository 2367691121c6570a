import pytest

from thoughtrank.api.compose import CONFIG_FOLDER
from thoughtrank.config.unknown_keys import choices_in, nearest_key, override_fault
from thoughtrank.output.redaction import redacted


class Mine:
    def __init__(self, *, threshold: int = 3, **more: int) -> None: ...


class Strict:
    def __init__(self, *, threshold: int = 3) -> None: ...


def fault(key, **values):
    return override_fault(key, values=values, choices=choices_in(CONFIG_FOLDER))


def test_the_nearest_key_or_group_is_named():
    assert fault("judg", judge={}, ranker={}) == "judg: unknown key: did you mean judge?"
    assert fault("selection.kk", selection={"k": 3}) == "selection.kk: unknown key: did you mean selection.k?"
    assert fault("lr", optimizer={"lr": 1}).endswith("did you mean optimizer.lr?")


def test_a_dash_is_an_underscore():
    held_out = {"held_out": 1, "held_out_unseen": 1}
    assert fault("questions.held-out", questions=held_out).endswith("did you mean questions.held_out?")


def test_a_key_of_another_file_of_the_group_names_that_file():
    assert fault("questions.path", questions={}) == (
        "questions.path: not a key of the chosen questions, but of questions=file: choose it as well"
    )
    assert "prefixes=literal: choose it as well" in fault("prefixes.literal.values", prefixes={"alnum": {}})
    assert "judge=gpt4 or judge=openai: choose one of them as well" in fault("judge.model", judge={})


def test_so_does_what_is_spelled_nearly_like_one():
    assert fault("prefixes.litral.values", prefixes={"alnum": {}}).endswith(
        "did you mean prefixes.literal.values, a key of prefixes=literal?"
    )


@pytest.mark.parametrize(("target", "key"), [("Mine", "anything"), ("Strict", "threshold")])
def test_a_key_is_added_only_where_the_component_takes_it(target, key):
    assert f"write +judge.{key}=..." in fault(f"judge.{key}", judge={"_target_": f"{__name__}.{target}"})
    assert "+" not in fault("judge.anything", judge={"_target_": f"{__name__}.Strict"})
    assert "+" not in fault("judge.anything", judge={"_target_": f"{__name__}.Nothing"})


def test_prefix_sets_and_loggers_of_any_name_are_chosen_and_not_added():
    sets = {"_target_": "thoughtrank.prefixes.prefix_sets.PrefixSets"}
    assert "+" not in fault("prefixes.values", prefixes=sets)
    assert "+" not in fault("logger.mine", logger={"_target_": "thoughtrank.report.loggers.Loggers"})


def test_the_last_part_of_a_key_of_the_chosen_file_is_enough():
    assert fault("prefixes.values", prefixes={"literal": {"values": ["a"]}}).endswith(
        "did you mean prefixes.literal.values?"
    )


def test_what_is_like_no_key_is_sent_to_the_list_of_all():
    assert fault("zzz.qqq", judge={}) == "zzz.qqq: unknown key: docs/config lists all keys"
    assert nearest_key(("a", "zzz"), [{"a": {"b": 1}}]) is None
    assert nearest_key(("a", "c"), [{"a": {"b": {"c": 1}, "d": {"c": 2}}}]) is None


@pytest.mark.parametrize("key", ["api_key", "api_key_env", "judge.api_key", "engine.api_key", "judge.password"])
def test_a_key_that_is_called_like_a_secret_is_told_in_words_that_are_not_removed(key):
    said = fault(key, judge={"api_key_env": "X"}, engine={})
    assert redacted(said) == said
    assert "is no setting" in said or "not a key of the chosen" in said
    assert "api_key_env" in said


def test_a_secret_is_given_as_a_variable():
    assert fault("judge.api_key", judge={"api_key_env": "X"}) == (
        "judge.api_key is no setting: export the key as an environment variable, and name the variable in judge.api_key_env"
    )
    assert fault("logger.token_password", logger={}).endswith("export the key as an environment variable")
