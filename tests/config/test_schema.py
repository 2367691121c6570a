import json
import re
from string import ascii_letters
from types import SimpleNamespace

import pytest
import yaml
from composing import CONF, changed, composed
from earlier_runs import Given, write_round

from thoughtrank.config.components import COMPONENT_GROUPS, make_components
from thoughtrank.config.preflight import preflight
from thoughtrank.config.schema import load_config
from thoughtrank.errors import UserError
from thoughtrank.instantiate import find_target

FILES = sorted(CONF.rglob("*.yaml"))
CHOICES = [path for path in FILES if path.parent != CONF]
EXPERIMENTS = CONF.parent / "experiments"
STUDIES = sorted(EXPERIMENTS.glob("*/config.yaml"))
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CONF)))
EVERY_CHOICE = pytest.mark.parametrize("path", CHOICES, ids=lambda path: f"{path.parent.name}={path.stem}")


@pytest.fixture(scope="module")
def values():
    return composed("judge=gpt4", "generation=card")


# The files of conf/.


def test_the_files_are_found():
    assert {path.parent.name for path in CHOICES} >= {
        *COMPONENT_GROUPS,
        "generation",
        "training",
        "evaluation",
        "export",
    }
    assert {path.parent.name for path in STUDIES} >= {"quickstart", "gsm8k_50"}


@EVERY_CHOICE
def test_every_choice_composes_and_its_components_can_be_made(path):
    group = path.parent.relative_to(CONF).as_posix()
    config = load_config(composed(f"{group}={path.stem}"))
    if group in COMPONENT_GROUPS:
        target = yaml.safe_load(path.read_text())["_target_"]
        assert type(getattr(make_components(config), group)) is find_target(target, where=group)


@pytest.fixture
def well_equipped(monkeypatch, tmp_path):
    """What a user may lack: keys, room on the disk, questions, an earlier run. Returns the overrides that name the last two."""
    for key in ("OPENAI_API_KEY", "WANDB_API_KEY"):
        monkeypatch.setenv(key, "a-key-" + "0" * 40)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=10**15))
    rows = [json.dumps({"question": f"{number} + 1?", "answer": f"#### {number + 1}"}) for number in range(4000)]
    for name in ("train", "test"):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
        rows = [row.replace("+ 1?", "+ 1 = ?") for row in rows]
    earlier = [
        Given(f"q{question}", prefix, 1 + (prefix != winner), thought=f"{prefix} thinks about it")
        for question, winner in enumerate("aabb")
        for prefix in ascii_letters
    ]
    write_round(tmp_path / "earlier", 1, earlier)
    return {"name": str(tmp_path), "path": str(tmp_path / "train.jsonl"), "run": str(tmp_path / "earlier")}


NOT_INSTALLED = re.compile(r"pip install|(shows|has) none|needs? (a )?(CUDA|GPU)|no CUDA")
"""Faults of the machine a test runs on, not of a file: a package or a device is not there."""


def faults_of(values, well_equipped):
    """What preflight says where everything that a user may lack is there."""
    for key, value in well_equipped.items():
        for group in (values["questions"], *(each for each in values["prefixes"].values() if isinstance(each, dict))):
            if key in group:
                group[key] = value
    config = load_config(values)
    faults: list[str] = []
    try:
        preflight(config, make_components(config))
    except UserError as error:
        faults.extend(error.faults)
    return [fault for fault in faults if not NOT_INSTALLED.search(fault)]


@EVERY_CHOICE
def test_every_choice_passes_preflight(path, well_equipped):
    assert faults_of(composed(f"{path.parent.name}={path.stem}"), well_equipped) == []


ONE_RUN = [path for path in STUDIES if not (path.parent / "settings").is_dir()]
"""The jobs of the other studies are composed in test_studies.py."""


@pytest.mark.parametrize("path", ONE_RUN, ids=lambda path: path.parent.name)
def test_every_study_of_one_run_composes_and_passes_preflight(path, well_equipped):
    group = path.parent.name
    assert "hydra" not in yaml.safe_load(path.read_text())
    values = composed(f"hydra.searchpath=[file://{EXPERIMENTS}]", f"+{group}=config", "seed=7")
    assert values["run"] == group, "a study's run has the name of its folder"
    assert faults_of(values, well_equipped) == []


@pytest.mark.parametrize("count", [4, 8, 16, 32])
def test_a_setting_that_chooses_on_an_earlier_run_passes_preflight_when_it_is_there(count, well_equipped):
    study = (f"hydra.searchpath=[file://{EXPERIMENTS}]", "+which_prefixes=config")
    assert faults_of(composed(*study, f"which_prefixes/settings=pruned_{count}", "seed=7"), well_equipped) == []


def test_every_default_is_a_file(values):
    for default in yaml.safe_load((CONF / "config.yaml").read_text())["defaults"]:
        if default != "_self_":
            [(group, name)] = default.items()
            if name is None:
                continue  # a group that may be left out
            if group.startswith("override "):
                continue  # a group of Hydra's own
            assert CONF / group / f"{name}.yaml" in FILES


@EVERY_CHOICE
def test_every_target_can_be_imported(path):
    target = yaml.safe_load(path.read_text()).get("_target_")
    assert (target is not None) == (path.parent.name in COMPONENT_GROUPS)
    if target is not None:
        assert callable(find_target(target, where=path.parent.name))


@EVERY_FILE
def test_every_field_has_a_comment(path):
    section = ""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        field = re.match(r"( *)([\w.]+):\s*(\S.*)?$", line)
        if field is None or field[2] == "_target_":
            continue
        if not field[1]:
            section = field[2]
        if section not in ("defaults", "hydra") and field[3]:
            assert re.search(r"\s#\s+\S", line), f"line {number} says nothing about {field[2]}"


# The schema.


def test_all_faults_of_a_config_are_told_together(values):
    wrong = changed(changed(changed(values, "rounds", 0), "keep", "some"), "training.batch_size", "many")
    wrong = changed(changed(wrong, "colour"), "generation.thoughts", 3)
    del wrong["seed"], wrong["training"]["epochs"]
    with pytest.raises(UserError) as caught:
        load_config(wrong)
    faults = dict(fault.split(": ", 1) for fault in caught.value.faults)
    assert faults.keys() == {
        *("rounds", "keep", "training.batch_size", "colour", "generation.thoughts", "seed", "training.epochs")
    }
    assert faults["colour"] == faults["generation.thoughts"] == "unknown key"
    assert faults["seed"] == faults["training.epochs"] == "missing value"
    assert "not 0" in faults["rounds"]
    assert "'all', 'last' or 'none'" in faults["keep"]
    assert "'many'" in faults["training.batch_size"]


def test_components_of_all_groups_report_their_faults_together(values):
    wrong = changed(changed(values, "selection.kk", 1), "optimizer._target_", "no_such_house.Kitchen")
    with pytest.raises(UserError) as caught:
        make_components(load_config(changed(wrong, "engine.dtype", "int4")))
    assert sorted(fault.partition(":")[0] for fault in caught.value.faults) == [
        "engine.dtype",
        "optimizer._target_",
        "selection.kk",
    ]


def test_a_reply_may_be_as_long_as_a_thought_and_an_answer_unless_it_is_stated(values):
    assert load_config(changed(values, "evaluation.reply_tokens", None)).reply_tokens == 128 + 2048
    assert load_config(changed(values, "evaluation.reply_tokens", 7)).reply_tokens == 7


@pytest.mark.parametrize("name", ["../../x", ".", "..", "/tmp/x", "a" * 300])
def test_a_run_name_that_cannot_be_a_folder_in_runs_dir_is_refused(values, name):
    with pytest.raises(UserError) as caught:
        load_config({**values, "run": name})
    [fault] = caught.value.faults
    assert fault.startswith("run: the name ")
    assert fault.endswith(f", not {name!r}")
