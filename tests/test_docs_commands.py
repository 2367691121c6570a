"""Every command line of the documentation is one that works: it composes, and its parts can be made."""

import re
import shlex
from functools import cache

import pytest
from docs_pages import CONF, GROUPS, ROOT, TEXTS
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config


def command_lines():
    """Every ``python train.py`` line with all it needs to be understood: from code blocks, and from inline code."""
    for page in TEXTS:
        text = page.read_text().replace("\\\n", " ")
        blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL)
        prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
        lines += [line for line in text.splitlines() if line.startswith("    ")]
        for line in lines:
            found = re.match(r"\s*(?:\$ )?(?:\w+=\S+ )*python3? train\.py\b(.*)", line)
            if found:
                yield pytest.param(found[1], id=f"{page.name}: {found[1].strip()[:60]}")


def choice_exists(group, choice):
    return (CONF / group / f"{choice}.yaml").exists()


def overrides_of(line):
    """The overrides of one run: no flags, no launcher, the first value of each sweep, no choice from a folder of one's own."""
    words = [word for word in shlex.split(line, comments=True) if word != "..." and not re.match(r"[A-Z]+[.=]", word)]
    own_folder = "--config-dir" in words
    if own_folder:
        place = words.index("--config-dir")
        del words[place : place + 2]
    overrides, own_groups = [], set()
    for override in OverridesParser.create().parse_overrides([word for word in words if not word.startswith("-")]):
        value = (
            next(override.sweep_string_iterator())
            if override.is_sweep_override()
            else override.get_value_element_as_str()
        )
        key = override.key_or_group
        if key.startswith("hydra"):
            # Launchers are packages of their own, which need not be installed.
            continue
        if override.is_add() and (ROOT / "experiments" / key / f"{value}.yaml").exists():
            overrides.append(("hydra", f"hydra.searchpath=[file://{ROOT / 'experiments'}]"))
        elif own_folder and (key in {*GROUPS, "experiment"} or override.is_add()) and not choice_exists(key, value):
            own_groups.add(key)
            continue
        overrides.append((key, f"{override.get_key_element()}={value}"))
    return [text for key, text in overrides if key.partition(".")[0] not in own_groups]


@cache
def composed_and_made(overrides):
    """The same overrides stand on several pages."""
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        composed = compose("config", overrides=list(overrides))
    missing = OmegaConf.missing_keys(composed)
    if not missing:
        make_components(load_config(OmegaConf.to_container(composed, resolve=True)))
    return missing


@pytest.mark.parametrize("line", list(command_lines()))
def test_every_command_line_composes_to_a_config_that_fits_its_components(line):
    assert not composed_and_made(tuple(overrides_of(line)))


def test_command_lines_are_found():
    assert len(list(command_lines())) >= 30
