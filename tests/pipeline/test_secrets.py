"""No secret is stored: not in a run folder, not by a logger, not by a sweep; and none is shown."""

import pytest
import yaml

JUDGE = ["judge=openai", "judge.model=m", "judge.api_key_env=null"]


def files_with(folder, text):
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "overrides",
    [
        ["judge.base_url=http://user:canary@localhost/v1", *JUDGE],
        ["judge.base_url='http://localhost/v1?key=canary'", *JUDGE],
        ["judge.base_url=user:canary@localhost/v1", *JUDGE],
        ["judge=openai", "judge.model=m", "judge.base_url=http://localhost/v1", "judge.api_key_env=sk-canary"],
        ["judge.base_url=${oc.env:JUDGE_URL}", *JUDGE],
        ["engine=openai", "engine.base_urls=[http://user:canary@localhost/v1]"],
    ],
)
@pytest.mark.parametrize("sweep", [[], ["-m"]], ids=["run", "sweep"])
def test_a_secret_in_the_config_is_refused_before_anything_is_written(workplace, overrides, sweep):
    workplace.environment["JUDGE_URL"] = "http://user:canary@localhost/v1"
    output = workplace.run(*sweep, *overrides, status=2)
    assert "error: judge." in output or "error: engine.base_urls must not contain a user name" in output
    assert "canary" not in output
    assert not files_with(workplace.folder, "canary")
    if not (sweep and overrides[0].startswith("judge.base_url=$")):
        assert list(workplace.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "stored"),
    [("${oc.env:RELEASE}", "${oc.env:RELEASE}"), ("canary-key", "[redacted]")],
    ids=["variable", "key"],
)
def test_a_run_and_its_logger_store_no_key_and_no_value_of_a_variable(workplace, name, stored):
    workplace.environment |= {"OPENAI_API_KEY": "canary-key", "RELEASE": "canary-name", "WANDB_MODE": "offline"}
    overrides = ["run=base", "logger=wandb", "stop_after=generation", f"export.name={name}"]
    output = workplace.run(*overrides)
    assert yaml.safe_load(workplace.path("base", "config.yaml").read_text())["export"]["name"] == stored
    assert f"export.name={stored}" in workplace.path("base", "run.log").read_text()
    assert list(workplace.path("base").rglob("*.wandb"))
    assert not files_with(workplace.folder, "canary")
    assert "canary" not in output + workplace.run(*overrides)


def test_a_failed_job_of_a_sweep_stores_no_key(workplace):
    workplace.environment["OPENAI_API_KEY"] = "canary-key"
    workplace.left_out = ("questions.held_out_unseen",)
    output = workplace.run("-m", "questions=file", "questions.path=canary-key/a,canary-key/b", status=2)
    assert "questions.path=[redacted]/a" in output
    assert not files_with(workplace.folder, "canary")
