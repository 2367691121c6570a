from typing import get_args

import pytest

from thoughtrank.controls.choices import ControlName, chosen_controls
from thoughtrank.controls.protocol import ExamplesControl


def test_every_name_has_its_variants_once_in_one_order():
    names = get_args(ControlName)
    every = [(each.name, each.variant) for each in chosen_controls(names)]
    assert every == [(each.name, each.variant) for each in chosen_controls([*reversed(names), *names])]
    assert len(set(every)) == len(every)
    assert {name for name, _ in every} == set(names)
    assert [each.title for each in chosen_controls(["answers_only"])] == ["answers_only/copies", "answers_only/pairs"]


def test_no_name_is_no_control():
    assert chosen_controls([]) == []


EXAMPLES_CONTROLS = [each for each in chosen_controls(get_args(ControlName)) if isinstance(each, ExamplesControl)]


def test_those_that_choose_examples_are_told_apart_by_their_identities():
    assert len(EXAMPLES_CONTROLS) >= 4
    assert len({repr(each.identity()) for each in EXAMPLES_CONTROLS}) == len(EXAMPLES_CONTROLS)


@pytest.mark.parametrize("control", EXAMPLES_CONTROLS, ids=lambda each: each.title)
def test_a_raised_version_changes_the_identity(control, monkeypatch):
    before = control.identity()
    monkeypatch.setattr(type(control), "version", control.version + 1)
    assert control.identity() != before
