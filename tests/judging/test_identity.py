"""The identity of every judge, ranker and selector: what decides results is in it, and nothing else."""

import json
from pathlib import Path

import pytest
import yaml

from thoughtrank.instantiate import make_component

CONF = Path(__file__).parents[2] / "conf"
FILES = [path for group in ("judge", "ranker", "selection") for path in sorted((CONF / group).glob("*.yaml"))]
every_component = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}={path.stem}")
OTHER = {
    "api_key_env": "ANOTHER_KEY",
    "price_per_million": [3.0, 4.0],
    "audit_share": 0.25,
    "thoughts": "shortest",
    "min_gain": 3.0,
}


def made(path, **changes):
    spec = yaml.safe_load(path.read_text())
    spec = {key: "http://127.0.0.1/v1" if value == "???" else value for key, value in spec.items()}
    return make_component({**spec, **changes}, where=path.parent.name)


def test_there_are_components_of_all_three_groups():
    assert {path.parent.name for path in FILES} == {"judge", "ranker", "selection"}


@every_component
def test_the_identity_is_json(path):
    assert json.loads(json.dumps(made(path).identity())) == made(path).identity()


@every_component
def test_raising_the_version_changes_the_identity(path, monkeypatch):
    component = made(path)
    before = component.identity()
    monkeypatch.setattr(type(component), "version", component.version + 1)
    assert component.identity() != before


@every_component
def test_a_setting_changes_the_identity_unless_it_is_operational(path):
    spec = yaml.safe_load(path.read_text())
    before = made(path).identity()
    for key, value in spec.items():
        if key == "_target_" or (value is None and key not in OTHER):
            continue
        changed = OTHER.get(key)
        if changed is None:
            changed = {True: False, False: True}.get(value) if isinstance(value, bool) else None
        if changed is None:
            changed = {"strong": "weak", "???": "http://127.0.0.2/v1"}.get(value, "http://127.0.0.3/v1")
            changed = value + 1 if isinstance(value, int | float) else changed
        after = made(path, **{key: changed}).identity()
        assert (after == before) == (key in made(path).operational), key


def test_operational_keys_are_keys(monkeypatch):
    for path in FILES:
        assert made(path).operational <= set(yaml.safe_load(path.read_text()))
