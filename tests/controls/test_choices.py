from typing import get_args

from thoughtrank.controls.choices import ControlName, chosen_controls


def test_every_name_has_its_variants_once_in_one_order():
    names = get_args(ControlName)
    every = [(each.name, each.variant) for each in chosen_controls(names)]
    assert every == [(each.name, each.variant) for each in chosen_controls([*reversed(names), *names])]
    assert len(set(every)) == len(every)
    assert {name for name, _ in every} == set(names)
    assert [each.title for each in chosen_controls(["answers_only"])] == ["answers_only copies", "answers_only pairs"]


def test_no_name_is_no_control():
    assert chosen_controls([]) == []


def test_they_are_told_apart_by_their_identities():
    identities = [repr(each.identity()) for each in chosen_controls(get_args(ControlName))]
    assert len(set(identities)) == len(identities)
