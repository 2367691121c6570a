import math
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from thoughtrank.api.overrides import override_texts
from thoughtrank.errors import UserError


def read_back(texts):
    parsed = OverridesParser.create().parse_overrides(texts)
    return {each.key_or_group: each.value() for each in parsed}


@pytest.mark.parametrize(
    "value",
    [
        *(
            "plain",
            "a=b,c",
            "it's",
            '"',
            "\\",
            "\\'",
            "a\\",
            " ",
            "ü中",
            "null",
            "3",
            "true",
            "[a]",
            "x: y",
            "#",
            "",
            "*",
        ),
        *(True, False, None, 0, -3, 2**40, 1e-5, 0.1, 1e30),
        *([], [1, "a,b", None], [["it's"], [True]], {"a": {}}["a"], [{"a": "b c"}]),
    ],
    ids=repr,
)
def test_hydra_reads_every_value_as_it_was_given(value):
    assert read_back(override_texts({"key": value})) == {"key": value}


def test_a_mapping_is_a_part_of_the_config_and_a_path_is_a_text():
    given = {"rounds": 1, "optimizer": {"lr": 1e-4}, "questions": {"path": Path("a b.jsonl"), "columns": ("x",)}}
    read = read_back(override_texts(given))
    assert read == {"rounds": 1, "optimizer.lr": 1e-4, "questions.path": "a b.jsonl", "questions.columns": ["x"]}


def test_numbers_of_other_libraries_are_numbers():
    numpy = pytest.importorskip("numpy")
    read = read_back(override_texts({"a": numpy.int64(3), "b": numpy.float32(0.5)}))
    assert read == {"a": 3, "b": 0.5}


def test_texts_are_given_on_as_they_are():
    assert override_texts(["rounds=1", "+a=b", "~c"]) == ["rounds=1", "+a=b", "~c"]
    assert override_texts(()) == []


@pytest.mark.parametrize(
    ("given", "clue"),
    [
        ("rounds=1", "give a list"),
        ([1], "give a list"),
        (["-m", "seed=1,2"], "-m: flags are for the command line"),
        (["--config-dir=x"], "config_dir="),
        ({"judge": object()}, "judge: a config cannot hold a object"),
        ({"a": {"b": {1, 2}}}, "a.b: a config cannot hold a set"),
        ({3: 4}, "3: a key of the config is a word"),
        ({"rounds=1": 4}, "'rounds=1': a key of the config is a word"),
        ({"a": [{"b c": 1}]}, "a: a key of the config is a word, or several with dots between them, not 'b c'"),
    ],
)
def test_what_is_no_override_is_one_plain_sentence(given, clue):
    with pytest.raises(UserError) as caught:
        override_texts(given)
    [fault] = caught.value.faults
    assert clue in fault


def test_numbers_that_are_not_finite_are_left_to_the_check_of_the_config():
    assert math.isnan(read_back(override_texts({"a": math.nan}))["a"])
    assert read_back(override_texts({"a": math.inf})) == {"a": math.inf}
