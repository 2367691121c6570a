import string
from pathlib import Path

import pytest
import yaml

from thoughtrank.errors import UserError
from thoughtrank.instantiate import make_component
from thoughtrank.prefixes.prefix_list import PrefixList

CONF = Path(__file__).parents[2] / "conf" / "prefixes"


def from_yaml(text):
    """A list of prefixes as the config file gives it."""
    target = "thoughtrank.prefixes.prefix_list.PrefixList"
    return make_component({"_target_": target, **yaml.safe_load(text)}, where="prefixes")


def texts(prefixes):
    assert all(prefix.name == prefix.text for prefix in prefixes)
    return tuple(prefix.text for prefix in prefixes)


def choice(name):
    return make_component(yaml.safe_load((CONF / f"{name}.yaml").read_text()), where="prefixes")


def test_alnum_is_every_letter_and_digit_once():
    prefixes = texts(choice("alnum").prefixes())
    assert len(prefixes) == 62
    assert set(prefixes) == {*string.ascii_letters, *string.digits}
    assert choice("alnum").faults() == []


def test_the_other_named_lists_are_what_their_names_say():
    assert texts(choice("lower").prefixes()) == tuple(string.ascii_lowercase)
    assert texts(choice("upper").prefixes()) == tuple(string.ascii_uppercase)
    assert len(choice("words").prefixes()) == 16
    assert choice("words").faults() == []
    assert texts(choice("digits").prefixes()) == tuple(string.digits)


def test_a_text_is_one_prefix_per_character_and_a_list_one_per_entry():
    assert texts(from_yaml("values: Let").prefixes()) == ("L", "e", "t")
    assert texts(from_yaml("values: [Let, First, Wait]").prefixes()) == ("Let", "First", "Wait")


def test_digits_that_yaml_reads_as_numbers_become_text():
    assert texts(from_yaml("values: [0, 7, a, 42]").prefixes()) == ("0", "7", "a", "42")
    assert from_yaml("values: [0, 7, a, 42]").faults() == []


def test_a_bare_number_is_no_list():
    with pytest.raises(UserError, match=r"prefixes\.values"):
        from_yaml("values: 42")


@pytest.mark.parametrize("values", [[], ""])
def test_an_empty_list_is_a_fault(values):
    [fault] = PrefixList(values=values).faults()
    assert "empty" in fault


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_prefix_is_a_fault(empty):
    [fault] = PrefixList(values=["a", empty]).faults()
    assert "empty" in fault


@pytest.mark.parametrize("values", [["a", "b", "a"], "aba", [1, "1"]])
def test_a_repeated_prefix_is_a_fault_that_names_it(values):
    [fault] = PrefixList(values=values).faults()
    assert f"prefixes: {str(values[0])!r} appears more than once" in fault
    assert "'b'" not in fault


def test_several_repeated_prefixes_are_one_fault():
    [fault] = PrefixList(values="abba").faults()
    assert "'a', 'b' appear more than once" in fault


@pytest.mark.parametrize("value", ["<", ">", "</thought>"])
def test_the_characters_of_the_tags_are_a_fault(value):
    [fault] = PrefixList(values=["a", value]).faults()
    assert "<" in fault


def test_all_faults_are_reported_at_once():
    assert len(PrefixList(values=["a", "a", " ", "<"]).faults()) == 3
