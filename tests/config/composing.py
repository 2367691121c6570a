"""Composed configs for the tests of this room."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from thoughtrank.config.components import make_components
from thoughtrank.config.preflight import preflight
from thoughtrank.config.schema import load_config
from thoughtrank.errors import UserError

CONF = Path(__file__).parents[2] / "conf"

GIVEN = {
    "prefixes.literal.values": "[a,b]",
    "judge.base_url": "http://127.0.0.1/v1",
    "engine.base_urls": "[http://127.0.0.1/v1]",
}
"""What a user would give for a value that has to be given; a text does for all others."""


def composed(*overrides):
    return deepcopy(_composed(overrides))


@cache
def _composed(overrides):
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        config = compose("config", overrides=list(overrides))
        missing = [f"{key}={GIVEN.get(key, 'given')}" for key in OmegaConf.missing_keys(config)]
        if missing:
            config = compose("config", overrides=[*overrides, *missing])
        return OmegaConf.to_container(config, resolve=True)


def composed_small(*overrides):
    """The config of a small run that is otherwise in order."""
    small = ["model=tiny", "logger=none", "rounds=1", "questions.train_per_round=8", "questions.held_out=2"]
    return composed(*small, *overrides)


def faults_of(*overrides):
    """What preflight says about it."""
    config = load_config(composed_small(*overrides))
    parts = make_components(config)
    try:
        preflight(config, parts)
    except UserError as error:
        return list(error.faults)
    return []


def changed(values, key, value="something else"):
    """A copy in which ``key`` has another value."""
    copy = json.loads(json.dumps(values))
    *groups, last = key.split(".")
    inner = copy[groups[0]] if groups else copy
    inner[last] = value
    return copy
