import pytest
from hydra._internal.utils import get_args_parser

from thoughtrank.config import argument_order
from thoughtrank.config.argument_order import overrides_first


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a=1 b=2", "a=1 b=2"),
        ("-m a=1,2 b=2", "a=1,2 b=2 -m"),
        ("a=1 --config-dir conf b=2 -m c=3", "a=1 b=2 c=3 --config-dir conf -m"),
        ("--config-dir=conf a=1", "a=1 --config-dir=conf"),
        ("--cfg job -p judge a=1", "a=1 --cfg job -p judge"),
        ("--info defaults a=1", "a=1 --info defaults"),
        ("--info a=1", "a=1 --info"),
        ("--config-di conf a=1", "a=1 --config-di conf"),
        ("-- a=1", "-- a=1"),
        ("--config-dir --info a=1", "a=1 --config-dir --info"),
        ("a=1 -m -- b=2", "a=1 -m -- b=2"),
        ("", ""),
    ],
)
def test_overrides_are_in_one_piece_and_keep_their_order(typed, read):
    assert overrides_first(typed.split()) == read.split()


def test_the_flags_are_those_of_hydra():
    flags = [action for action in get_args_parser()._actions if action.option_strings]
    with_value = {name for action in flags if action.nargs is None for name in action.option_strings}
    [choice] = [action for action in flags if action.nargs == "?"]
    assert with_value == argument_order._WITH_VALUE
    assert set(choice.option_strings) == argument_order._WITH_CHOICE
    assert set(choice.choices) == argument_order._CHOICES
