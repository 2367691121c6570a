import pytest

from thoughtrank.errors import UserError
from thoughtrank.instantiate import find_target, make_component

TOP_K = "thoughtrank.selection.top_k.TopK"
ADAMW = "thoughtrank.finetuning.optimizers.adamw.AdamW"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of the user's own, outside the package, and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


def faults_of(target, where="group", **arguments):
    with pytest.raises(UserError) as caught:
        make_component({"_target_": target, **arguments}, where=where)
    return list(caught.value.faults)


def test_a_part_gets_its_arguments_and_its_own_defaults():
    part = make_component({"_target_": ADAMW, "lr": 1e-3, "betas": [0.5, 0.6]}, where="optimizer")
    assert (part.lr, part.betas, part.schedule) == (1e-3, (0.5, 0.6), "cosine")


def test_an_unknown_key_is_named_as_it_is_typed():
    [fault] = faults_of(TOP_K, where="selection", kk=1)
    assert fault == "selection.kk: unknown key"


@pytest.mark.parametrize("value", ["three", 1.5, [1], None])
def test_a_value_of_the_wrong_type_is_named_and_shown(value):
    [fault] = faults_of(TOP_K, where="selection", k=value)
    assert fault.startswith("selection.k: ")
    assert repr(value) in fault


def test_a_choice_that_is_none_of_those_offered_is_told_with_the_offered_ones():
    [fault] = faults_of(ADAMW, where="optimizer", lr=1.0, schedule="sine")
    assert fault.startswith("optimizer.schedule: ")
    assert "cosine" in fault
    assert "'sine'" in fault


def test_a_missing_value_is_named():
    assert faults_of(ADAMW, where="optimizer") == ["optimizer.lr: missing value"]


def test_several_faults_are_told_at_once():
    faults = faults_of(ADAMW, where="optimizer", eps="small", momentum=0.9)
    assert sorted(fault.partition(":")[0] for fault in faults) == [
        "optimizer.eps",
        "optimizer.lr",
        "optimizer.momentum",
    ]


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("Adafactor", "adafactor.Adafactor"),
        ("AdamW", "adamw.AdamW"),
        ("AdamW8bit", "adamw_8bit.AdamW8bit"),
        ("DeepSpeedCPUAdam", "deepspeed_cpu_adam.DeepSpeedCPUAdam"),
        ("Muon", "muon.Muon"),
    ],
)
def test_the_former_name_of_a_target_still_makes_it(former, present):
    package = "thoughtrank.finetuning.optimizers"
    part = make_component({"_target_": f"{package}.{former}", "lr": 1e-3}, where="optimizer")
    assert f"{type(part).__module__}.{type(part).__name__}" == f"{package}.{present}"


def test_an_unknown_module_is_named():
    [fault] = faults_of("no_such_house.rooms.Kitchen", where="judge")
    assert fault.startswith("judge._target_: ")
    assert "no_such_house" in fault


def test_an_unknown_name_in_a_known_module_is_named():
    [fault] = faults_of("thoughtrank.selection.top_k.TopKK", where="selection")
    assert "'thoughtrank.selection.top_k'" in fault
    assert "'TopKK'" in fault


def test_a_name_without_a_module_is_no_target():
    assert "dotted path" in faults_of("TopK", where="selection")[0]


def test_a_group_without_a_target_is_told():
    with pytest.raises(UserError, match="selection: no _target_"):
        make_component({"k": 1}, where="selection")


def test_a_module_that_lacks_a_package_shows_which_one(module):
    name = module("house_without_stairs", "import no_such_stairs\n\nclass Kitchen:\n    pass\n")
    [fault] = faults_of(f"{name}.Kitchen", where="judge")
    assert "No module named 'no_such_stairs'" in fault


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("raise RuntimeError('the roof is missing')", "the roof is missing"),
        ("walls = window", "'window' is not defined"),
    ],
)
def test_a_module_that_fails_to_import_shows_the_true_error(module, error, text):
    name = module(f"house_{len(error)}", f"{error}\n\nclass Kitchen:\n    pass\n")
    with pytest.raises(Exception, match=text):
        find_target(f"{name}.Kitchen", where="judge")


def test_a_class_of_the_users_own_is_checked_and_made(module):
    name = module(
        "house_of_my_own",
        "class Kitchen:\n"
        "    def __init__(self, *, chairs: int, colour: str = 'white'):\n"
        "        self.chairs, self.colour = chairs, colour\n",
    )
    kitchen = make_component({"_target_": f"{name}.Kitchen", "chairs": 4}, where="judge")
    assert (kitchen.chairs, kitchen.colour) == (4, "white")
    assert len(faults_of(f"{name}.Kitchen", where="judge", chairs="four", table=1)) == 2


def test_a_class_without_annotations_takes_any_value(module):
    name = module("house_bare", "class Kitchen:\n    def __init__(self, chairs):\n        self.chairs = chairs\n")
    assert make_component({"_target_": f"{name}.Kitchen", "chairs": [4]}, where="judge").chairs == [4]
    assert faults_of(f"{name}.Kitchen", where="judge") == ["judge.chairs: missing value"]


def test_a_dataclass_with_late_annotations_and_a_function_are_parts_too(module):
    name = module(
        "house_of_cards",
        "from __future__ import annotations\n"
        "from dataclasses import dataclass, field\n\n"
        "@dataclass\n"
        "class Kitchen:\n"
        "    chairs: int\n"
        "    guests: list[str] = field(default_factory=list)\n\n"
        "def kitchen(*, chairs: int = 2) -> Kitchen:\n"
        "    return Kitchen(chairs)\n",
    )
    assert make_component({"_target_": f"{name}.Kitchen", "chairs": 4}, where="judge").guests == []
    assert make_component({"_target_": f"{name}.kitchen"}, where="judge").chairs == 2
    assert len(faults_of(f"{name}.kitchen", where="judge", chairs="four")) == 1


def test_a_class_that_takes_any_keyword_gets_them_all(module):
    name = module("house_open", "class Kitchen:\n    def __init__(self, **things):\n        self.things = things\n")
    assert make_component({"_target_": f"{name}.Kitchen", "pans": 3}, where="judge").things == {"pans": 3}


def test_what_a_constructor_itself_refuses_is_reported_in_its_words(module):
    name = module(
        "house_closed",
        "from thoughtrank.errors import UserError\n\n"
        "class Kitchen:\n"
        "    def __init__(self, *, chairs: int):\n"
        "        raise UserError(f'ranker.chairs is {chairs}: give 2 or more')\n",
    )
    assert faults_of(f"{name}.Kitchen", where="ranker", chairs=1) == ["ranker.chairs is 1: give 2 or more"]
