"""Names and variables that W&B would refuse are one plain line each, before anything starts."""

import subprocess
import sys

import pytest

from thoughtrank.report.wandb_settings import (
    display_name,
    environment_faults,
    folder_variables,
    mode_text,
    project_faults,
    run_id,
)

KEY = "0123456789abcdef" * 3


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("WANDB_MODE", "off", "WANDB_MODE=off: input should be 'online', 'offline'"),
        ("WANDB_MODE", "", "WANDB_MODE=: input should be 'online', 'offline'"),
        ("WANDB_MODE", "Offline", "WANDB_MODE=Offline: input should be 'online', 'offline'"),
        ("WANDB_PROJECT", "a/b", "WANDB_PROJECT=a/b: Invalid project name"),
        ("WANDB_PROJECT", "x" * 129, "exceeded 128 characters"),
        ("WANDB_BASE_URL", "my.server", "WANDB_BASE_URL=my.server: input should be a valid URL"),
        ("WANDB_BASE_URL", "localhost:8080", "WANDB_BASE_URL=localhost:8080: URL scheme should be 'http' or 'https'"),
        ("WANDB_BASE_URL", "https://wandb.ai", "not a valid server address"),
        ("WANDB_RESUME", "yes", "WANDB_RESUME=yes: input should be 'allow'"),
        ("WANDB_RUN_ID", "a:b", "WANDB_RUN_ID=a:b: Run ID cannot contain"),
        ("WANDB_TAGS", "", "WANDB_TAGS=: tag at index 0 is empty"),
        ("WANDB_SILENT", "perhaps", "WANDB_SILENT=perhaps: input should be a valid boolean"),
        ("WANDB_INIT_TIMEOUT", "long", "WANDB_INIT_TIMEOUT=long: input should be a valid number"),
        ("WANDB_SWEEP_ID", "", "WANDB_SWEEP_ID=: Sweep ID cannot be empty"),
        ("WANDB_API_KEY", f" {KEY}", "WANDB_API_KEY: API key cannot start or end with whitespace"),
        ("WANDB_API_KEY", "too-short", "WANDB_API_KEY is no API key of W&B"),
        ("WANDB_API_KEY", KEY + "\u2026", "WANDB_API_KEY is no API key of W&B"),
    ],
)
def test_a_variable_that_wandb_refuses_is_one_line(name, value, shown):
    [fault] = environment_faults({"HOME": "/", name: value})
    assert shown in fault
    assert "logger=none" in fault
    assert "\n" not in fault
    assert name != "WANDB_API_KEY" or value not in fault


def test_all_variables_are_reported_together():
    given = {"WANDB_MODE": "off", "WANDB_PROJECT": "a/b", "WANDB_API_KEY": "k"}
    assert [fault.partition("=")[0].partition(" ")[0] for fault in environment_faults(given)] == list(given)


@pytest.mark.parametrize("mode", ["online", "offline", "disabled", "dryrun", "shared"])
def test_what_wandb_takes_is_no_fault(mode):
    given = {"WANDB_MODE": mode, "WANDB_PROJECT": "mine", "WANDB_ENTITY": "us", "WANDB_SILENT": "true"}
    for key in (KEY, f"local-{KEY}", f"{KEY}.{KEY}.{KEY}"):
        assert environment_faults({**given, "WANDB_API_KEY": key}) == []


def test_without_an_account_the_form_of_the_key_does_not_matter():
    for mode in ("offline", "disabled"):
        assert environment_faults({"WANDB_MODE": mode, "WANDB_API_KEY": "none"}) == []


def test_without_variables_the_package_is_not_imported():
    program = (
        "import sys; from thoughtrank.report.wandb_settings import environment_faults; "
        "print(environment_faults({'HOME': '/'}), 'wandb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[] False\n"


@pytest.mark.parametrize(("project", "faults"), [("mine", 0), ("a b", 0), ("a/b", 1), ("a%:b", 1), ("x" * 129, 1)])
def test_the_name_of_the_project(project, faults):
    assert len(project_faults(project)) == faults


def test_runs_of_the_same_name_in_two_folders_have_two_ids_and_a_name_without_a_folder_is_its_own():
    names = ["a/x", "b/x", "x", "a-x", "a:x", "c" * 100, "c" * 101, "c" * 102, "a/" + "c" * 100]
    ids = [run_id(name) for name in names]
    assert len(set(ids)) == len(names)
    assert (run_id("x"), run_id("a-x"), run_id("c" * 100)) == ("x", "a-x", "c" * 100)
    assert all(len(each) <= 100 and not set(each) & set("/\\#?%:") for each in ids)


@pytest.mark.parametrize("name", ["it's", "a,b", "a;b", " a", "a ", "a:b", "a#b", "a/b", "a/b " + "c" * 99, " "])
def test_wandb_takes_the_id_of_every_name_a_run_may_have(name):
    import wandb

    settings = wandb.Settings(run_id=run_id(name))
    assert settings.run_id == run_id(name) != run_id(f"{name}2")


def test_a_long_name_is_shown_by_its_end():
    assert display_name("x" * 128) == "x" * 128
    assert display_name("x" * 200 + "end") == "..." + "x" * 122 + "end"


def test_wandb_writes_into_the_run_folder_where_the_home_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/no-home")
    names = ["WANDB_DATA_DIR", "WANDB_CACHE_DIR"]
    assert folder_variables({}, folder=tmp_path) == {name: str(tmp_path / name.lower()) for name in names}
    assert list(folder_variables({names[0]: "/chosen"}, folder=tmp_path)) == names[1:]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder_variables({}, folder=tmp_path) == {}


def test_the_mode_is_told_as_far_as_the_variables_decide_it():
    assert mode_text({"WANDB_MODE": "offline", "WANDB_API_KEY": KEY}) == "WANDB_MODE=offline"
    assert mode_text({"WANDB_API_KEY": KEY}) == "online"
    assert mode_text({}) == "online if you are logged in (wandb login), else offline in the run folder"
