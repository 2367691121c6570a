"""The plan of a config, line by line."""

import re

from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.plan import plan_text
from thoughtrank.config.schema import load_config


def plan(*overrides, first_round=0):
    """The lines of a plan by their first word."""
    config = load_config(composed(*overrides))
    text = plan_text(config=config, components=make_components(config), run="mine", first_round=first_round)
    first, *lines = text.splitlines()
    return {"run": first, **{line.split()[0]: line for line in lines}}


def numbers(line):
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", line.replace(",", ""))]
