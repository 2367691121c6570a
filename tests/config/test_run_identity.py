import re

import pytest
import yaml
from composing import CONF, changed, composed

from thoughtrank.config.run_identity import config_differences, default_run_name

CHOICES = sorted(path for path in CONF.rglob("*.yaml") if path.parent != CONF)
EVERY_CHOICE = pytest.mark.parametrize("path", CHOICES, ids=lambda path: f"{path.parent.name}={path.stem}")

FREE = {
    *("run", "rounds", "controls", "stop_after", "keep", "runs_dir", "cache_dir", "dry_run", "dollars_per_hour"),
    *("logger._target_", "logger.wandb", "export.which", "export.name"),
    *("judge.concurrency", "judge.timeout_seconds", "judge.max_retries", "judge.api_key_env"),
    *("engine.probe_candidates", "engine.devices"),
    *("judge.budget", "judge.requests_per_minute", "judge.tokens_per_minute", "judge.audit_share"),
    *("training.checkpoint_minutes", "training.log_every", "evaluation.win_rates"),
}
"""Keys that decide no table: a run may be taken up again with others."""


def flat(values):
    """Every key of the config as it is typed on the command line."""
    pairs = {}
    for key, value in values.items():
        pairs.update(
            {f"{key}.{inner}": each for inner, each in value.items()} if isinstance(value, dict) else {key: value}
        )
    return pairs


@pytest.fixture(scope="module")
def values():
    return composed("judge=gpt4", "generation=card")


@pytest.fixture(scope="module")
def choices(values):
    return {group: f"{group}_choice" for group, value in values.items() if isinstance(value, dict)}


KEYS = sorted(flat(composed("judge=gpt4")).keys() - {"judge.price_per_million"})
"""All keys but a price, which changes no table."""


def test_the_same_config_has_the_same_name(values, choices):
    assert default_run_name(values, choices) == default_run_name(composed("judge=gpt4", "generation=card"), choices)
    backwards = {key: values[key] for key in reversed(values)}
    assert default_run_name(values, choices) == default_run_name(backwards, choices)


@pytest.mark.parametrize("key", KEYS)
def test_the_name_changes_with_every_key_that_decides_a_table_and_with_no_other(key, values, choices):
    renamed = default_run_name(changed(values, key), choices) != default_run_name(values, choices)
    assert renamed == (key not in FREE)


@pytest.mark.parametrize("key", ["judge.api_key", "judge.server"])
def test_a_secret_is_part_of_neither_the_name_nor_the_comparison(key, values, choices):
    first, second = ({"auth_token": each} if key == "judge.server" else each for each in ("one", "two"))
    before, now = changed(values, key, first), changed(values, key, second)
    assert default_run_name(before, choices) == default_run_name(now, choices)
    assert config_differences(before, now) == []


def test_the_name_tells_what_was_chosen(values, choices):
    name = default_run_name(values, choices | {"judge": "gpt4", "model": "tiny"})
    assert {"gpt4", "tiny"} <= set(name.split("-"))


def test_the_name_can_be_that_of_a_folder(values, choices):
    name = default_run_name(values, choices | {"judge": "my judges/strict one: §"})
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", name)


@pytest.mark.parametrize("key", KEYS)
def test_a_difference_between_two_configs_names_its_key(key, values):
    differences = config_differences(values, changed(values, key))
    if key in FREE:
        assert differences == []
    else:
        [difference] = differences
        assert difference.startswith(f"{key.removesuffix('._target_')} was ")
        assert "something else" in difference


def test_all_differences_are_named_also_of_keys_that_one_config_lacks(values):
    fewer = changed(changed(values, "seed", 5), "training.epochs", 9)
    del fewer["judge"]["temperature"]
    assert [line.partition(" ")[0] for line in config_differences(values, fewer)] == [
        "judge.temperature",
        "seed",
        "training.epochs",
    ]
    assert len(config_differences(fewer, values)) == 3


def test_of_another_component_only_the_class_is_named(values):
    tiny = {"_target_": "thoughtrank.models.tiny.TinyModel", "layers": 2}
    assert config_differences({**values, "model": tiny}, values) == ["model was TinyModel, is PretrainedModel"]
    assert config_differences({**values, "candidates": None}, {**values, "candidates": tiny}) == [
        "candidates was None, is TinyModel"
    ]
    namesake = {"_target_": "mine.TinyModel"}
    assert config_differences({**values, "model": namesake}, {**values, "model": tiny}) == [
        "model was mine.TinyModel, is thoughtrank.models.tiny.TinyModel"
    ]


def test_of_a_component_inside_another_the_keys_that_differ_are_named(values):
    prefixes = {"_target_": "thoughtrank.prefixes.prefix_list.PrefixList", "values": "abc"}
    before, now = (changed(values, "prefixes.mine", {**prefixes, **more}) for more in ({}, {"values": "ab"}))
    assert config_differences(before, now) == ["prefixes.mine.values was 'abc', is 'ab'"]
    assert config_differences(values, before) == ["prefixes.mine was None, is PrefixList"]


@EVERY_CHOICE
def test_a_config_that_was_saved_as_yaml_is_still_the_same(path):
    before = composed(f"{path.parent.name}={path.stem}")
    saved = yaml.safe_load(yaml.safe_dump(before, sort_keys=False, allow_unicode=True))
    assert config_differences(saved, before) == []


def test_a_target_that_has_moved_is_no_difference(values):
    before = changed(values, "selection._target_", "thoughtrank.selection.TopK")
    assert values["selection"]["_target_"] == "thoughtrank.selection.top_k.TopK"
    assert config_differences(before, values) == []


def test_a_component_of_the_users_own_declares_its_operational_keys(values, choices, tmp_path, monkeypatch):
    (tmp_path / "my_judge.py").write_text(
        "from thoughtrank.instantiate import Component\n"
        "class MyJudge(Component):\n"
        "    operational = frozenset({'timeout'})\n"
        "    def __init__(self, *, timeout: int, strictness: int) -> None: ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    mine = {**values, "judge": {"_target_": "my_judge.MyJudge", "timeout": 1, "strictness": 1}}
    assert config_differences(mine, changed(mine, "judge.timeout", 9)) == []
    assert config_differences(mine, changed(mine, "judge.strictness", 9)) == ["judge.strictness was 1, is 9"]


def test_comparing_with_a_run_folder_imports_nothing_that_only_the_folder_names(tmp_path, monkeypatch):
    (tmp_path / "foreign_target.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\nclass Judge: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = {"judge": {"_target_": "foreign_target.Judge"}}
    assert config_differences(before, {"judge": {"_target_": "thoughtrank.judging.fake.FakeJudge"}})
    assert not (tmp_path / "imported").exists()
    assert config_differences(before, before) == []
    assert (tmp_path / "imported").exists()
