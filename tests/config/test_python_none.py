"""``None`` on the command line means what ``null`` means (Emerge-Lab/PufferDrive#535)."""

import pytest

from thoughtrank.api.compose import compose
from thoughtrank.config.preflight import config_faults
from thoughtrank.config.python_none import null_for_none
from thoughtrank.errors import UserError

JUDGE = ["judge=openai", "judge.model=m", "judge.base_url=http://127.0.0.1/v1"]


@pytest.mark.parametrize(
    "override",
    ["run=None", "stop_after=None", "++candidates=None", "judge.criteria=None", "training.micro_batch_tokens=None"],
)
def test_where_a_key_may_have_no_value_it_has_none(override):
    values = compose([*JUDGE, override]).values
    for part in override.lstrip("+").partition("=")[0].split("."):
        values = values[part]
    assert values is None


@pytest.mark.parametrize("key", ["rounds", "seed", "optimizer.lr", "training.epochs", "controls", "selection.k"])
def test_where_a_key_needs_a_value_one_line_names_it(key):
    values = compose(["model=tiny", "judge=fake", "logger=none", "questions.seed=0", f"{key}=None"]).values
    [fault] = config_faults(values)
    assert fault.startswith(f"{key}: ")


@pytest.mark.parametrize("group", ["logger", "judge", "experiment"])
def test_for_a_group_the_choices_are_named(group):
    with pytest.raises(UserError, match=rf"{group}/None'?: choose one of [\w.]+, "):
        compose([f"{group}=None"])


@pytest.mark.parametrize(
    "argument",
    ["run='None'", 'run="None"', "run=Nonesuch", "questions.question_column=[None]", "--config-dir=None", "-m"],
)
def test_everything_else_stays(argument):
    assert null_for_none([argument]) == [argument]
