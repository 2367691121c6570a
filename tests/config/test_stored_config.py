"""What a run folder keeps of its config, and what is read back from it."""

import pytest
import yaml

from thoughtrank.config.stored_config import (
    missing_variables,
    read_stored_config,
    redact_referenced_variables,
    reference_to_variable,
    write_stored_config,
)
from thoughtrank.errors import UserError
from thoughtrank.output.redaction import redacted


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.yaml"


def test_a_reference_stays_in_the_file_and_is_followed_on_reading(path, monkeypatch):
    monkeypatch.setenv("PLACE", "/here")
    values = {"runs_dir": "${oc.env:PLACE}/runs", "judge": {"urls": ["${oc.env:NONE,http://h}"], "model": "m"}}
    write_stored_config(path, values)
    assert yaml.safe_load(path.read_text()) == values
    read = read_stored_config(path)
    assert read == {"runs_dir": "/here/runs", "judge": {"urls": ["http://h"], "model": "m"}}
    assert missing_variables(read) == []
    monkeypatch.delenv("PLACE")
    assert missing_variables(read_stored_config(path)) == ["PLACE"]


def test_references_are_written_as_configs_have_them():
    assert reference_to_variable("A") == "${oc.env:A}"
    assert reference_to_variable("A", None) == "${oc.env:A,null}"


def test_a_default_of_null_is_null(path, monkeypatch):
    monkeypatch.delenv("A", raising=False)
    write_stored_config(path, {"a": "${oc.env:A,null}"})
    assert read_stored_config(path) == {"a": None}


def test_no_secret_is_written(path, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "canary-1")
    judge = {"api_key": "canary", "server": {"password": "canary"}, "api_key_env": "JUDGE_KEY"}
    write_stored_config(path, {"criteria": "x canary-1", "base_url": "http://u:canary@h", "judge": judge})
    assert "canary" not in path.read_text()


def test_the_value_of_a_variable_that_is_a_whole_setting_is_a_secret(monkeypatch):
    monkeypatch.setattr("thoughtrank.output.redaction._redacted_variables", set())
    monkeypatch.setenv("FIELD", "canary-1")
    monkeypatch.setenv("USER_PART", "somebody")
    redact_referenced_variables({"fields": [{"x": "${oc.env:FIELD}"}], "runs_dir": "/scratch/${oc.env:USER_PART}"})
    assert redacted("canary-1 somebody") == "[redacted] somebody"


@pytest.mark.parametrize("content", ["", "[1]", "a: [", "\x00"])
def test_a_file_that_is_no_config_is_named(path, content):
    path.write_text(content)
    with pytest.raises(UserError, match=r"config\.yaml is no config of a run"):
        read_stored_config(path)
