"""``None`` on the command line means what ``null`` means (Emerge-Lab/PufferDrive#535)."""

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

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
    [
        *["run='None'", 'run="None"', "run=Nonesuch", "--config-dir=None", "-m", "logger=None,csv"],
        *["questions.question_column=[None]", "prefixes.prefixes=[A,None,B]", "judge.criteria='A, None, B'"],
        *["+judge.extra={a: None}", "run=None/a", "run=x(None)", "judge.criteria='None,"],
    ],
)
def test_everything_else_stays(argument):
    assert null_for_none([argument]) == [argument]


@pytest.mark.parametrize(
    ("argument", "read"),
    [
        ("judge.temperature=None,0.5", "judge.temperature=null,0.5"),
        ("judge.temperature=0.5, None", "judge.temperature=0.5, null"),
        ("judge.temperature=choice(None,0.5)", "judge.temperature=choice(null,0.5)"),
        ("judge.criteria='a, None',None,[None,b]", "judge.criteria='a, None',null,[None,b]"),
        ("++candidates=None,a", "++candidates=null,a"),
    ],
)
def test_each_value_of_a_sweep_may_be_none(argument, read):
    assert null_for_none([argument]) == [read]


def test_a_sweep_over_none_and_a_value_has_a_job_for_each():
    base = ["model=tiny", "judge=fake", "logger=none", "questions.seed=0"]
    overrides = OverridesParser.create().parse_overrides(null_for_none([*base, "judge.temperature=None,0.5"]))
    assert BasicSweeper.split_arguments(overrides, max_batch_size=None) == [
        [[*base, f"judge.temperature={value}"] for value in ("null", "0.5")]
    ]
