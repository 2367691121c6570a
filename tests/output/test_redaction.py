"""No secret stays in a text that is kept, and a child process gets none."""

import ast
from pathlib import Path

import pytest

from thoughtrank.errors import UserError
from thoughtrank.output.redaction import (
    child_environment,
    redact_variable,
    redacted,
    redacted_values,
    use_key_variable,
    use_key_variables,
)


@pytest.fixture(autouse=True)
def no_variables_in_use(monkeypatch):
    monkeypatch.setattr("thoughtrank.output.redaction._variables_in_use", set())
    monkeypatch.setattr("thoughtrank.output.redaction._redacted_variables", set())


def test_the_value_of_a_key_variable_is_removed_whatever_its_name(monkeypatch):
    monkeypatch.setenv("SERVER_PASS", "canary/42")
    assert redacted("says canary/42") == "says canary/42"
    use_key_variables({"engine": {"api_key_env": "SERVER_PASS"}, "judge": [{"api_key_env": None}]})
    assert redacted("says canary/42 and canary%2F42") == "says [redacted] and [redacted]"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET", "db_password"])
def test_variables_that_are_called_keys_need_not_be_named(monkeypatch, name):
    monkeypatch.setenv(name, "canary-value")
    assert redacted("a canary-value.") == "a [redacted]."


def test_short_values_and_paths_are_no_secrets(monkeypatch):
    monkeypatch.setenv("A_KEY", "1234567")
    monkeypatch.setenv("B_KEY", "/home/user/.ssh")
    assert redacted("1234567 /home/user/.ssh") == "1234567 /home/user/.ssh"


def test_a_variable_that_a_config_refers_to_is_removed_but_child_processes_get_it(monkeypatch):
    monkeypatch.setenv("FIELD", "canary-1")
    monkeypatch.setenv("FOLDER", "/scratch/user")
    redact_variable("FIELD")
    redact_variable("FOLDER")
    assert redacted("/scratch/user canary-1") == "/scratch/user [redacted]"
    assert child_environment()["FIELD"] == "canary-1"


def test_a_secret_that_contains_another_is_removed_as_a_whole(monkeypatch):
    monkeypatch.setenv("A_KEY", "canary-1")
    monkeypatch.setenv("B_KEY", "canary-1-longer")
    assert redacted("canary-1-longer canary-1") == "[redacted] [redacted]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://u:canary@h/v1", "http://[redacted]@h/v1"),
        ("[http://u:canary@h:1/v1,http://b/v1]", "[http://[redacted]@h:1/v1,http://b/v1]"),
        ("https://h/v1?api-version=1&key=canary", "https://h/v1?api-version=1&key=[redacted]"),
        ("judge.api_key_env=sk-canary rounds=1", "judge.api_key_env=[redacted] rounds=1"),
        ("+judge.api_key=canary", "+judge.api_key=[redacted]"),
        ("{'api_key_env': 'sk-canary'}", "{'api_key_env': [redacted]}"),
        ("judge:\n  api_key_env: sk-canary\n", "judge:\n  api_key_env: [redacted]\n"),
        ("judge.api_key_env=OPENAI_API_KEY", "judge.api_key_env=OPENAI_API_KEY"),
        ("judge.api_key_env=null", "judge.api_key_env=null"),
        ("judge.base_url=${oc.env:URL}", "judge.base_url=${oc.env:URL}"),
        ("judge.api_key_env: missing value", "judge.api_key_env: missing value"),
        ("generation.answer_tokens=256", "generation.answer_tokens=256"),
        ("judge.api_key=canary-1,canary-2 rounds=1", "judge.api_key=[redacted] rounds=1"),
        ("judge.api_keys=[canary-1,canary-2]", "judge.api_keys=[redacted]"),
        ("judge.password='it\\'s canary'", "judge.password=[redacted]"),
        ("judge.server={auth_token:canary,port:3}", "judge.server={auth_token:[redacted],port:3}"),
        ("judge.api_key_env=ONE_KEY,OTHER_KEY", "judge.api_key_env=ONE_KEY,OTHER_KEY"),
    ],
)
def test_secrets_in_urls_and_settings_are_removed(text, shown):
    assert redacted(text) == shown


def test_every_string_of_a_config_is_redacted(monkeypatch):
    monkeypatch.setenv("A_KEY", "canary-1")
    values = {
        "judge": {"criteria": "x canary-1", "api_key_env": "sk-1", "k": 3},
        "list": [{"api_key_env": "A_KEY"}, None],
    }
    assert redacted_values(values) == {
        "judge": {"criteria": "x [redacted]", "api_key_env": "[redacted]", "k": 3},
        "list": [{"api_key_env": "A_KEY"}, None],
    }


def test_what_a_setting_holds_that_is_called_like_a_secret_is_redacted():
    values = {
        "api_key": "sk-canary",
        "password": 12345678,
        "hub_access_token": "/canary",
        "servers": [{"auth_token": "canary", "port": 3}],
        "api_keys": ["canary-1", "${oc.env:SECOND}"],
        "secret": None,
        "client_secret": "${oc.env:SECRET}",
        "other_password": "",
        "secrets": {"kept": True, "password": True},
        "answer_tokens": 8,
        "api_key_env": "MY_KEY",
    }
    shown = redacted_values(values)
    assert shown == {
        **values,
        "api_key": "[redacted]",
        "password": "[redacted]",
        "hub_access_token": "[redacted]",
        "servers": [{"auth_token": "[redacted]", "port": 3}],
        "api_keys": ["[redacted]", "${oc.env:SECOND}"],
    }
    assert redacted_values(shown) == shown


def test_an_error_shows_no_secret(monkeypatch):
    monkeypatch.setenv("A_KEY", "canary-1")
    error = UserError("the server says canary-1", "no")
    assert error.faults == ("the server says [redacted]", "no")
    assert "canary" not in str(error)


def test_a_child_process_gets_no_secret(monkeypatch):
    hidden = ("OPENAI_API_KEY", "hf_token", "MY_SECRET_2", "DBPASSWORD", "SERVER_PASS")
    for name in (*hidden, "HF_HOME", "TOKENIZERS_PARALLELISM", "PYTHONPATH"):
        monkeypatch.setenv(name, "value")
    use_key_variable("SERVER_PASS")
    found = child_environment(without=["PYTHONPATH"])
    assert not {*hidden, "PYTHONPATH"} & found.keys()
    assert found["HF_HOME"] == found["TOKENIZERS_PARALLELISM"] == "value"


def test_every_child_process_is_given_its_environment():
    package = Path(__file__).parents[2] / "thoughtrank"
    without = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith(("subprocess.", "os.system", "os.popen", "os.spawn", "os.exec"))
        and "env" not in [keyword.arg for keyword in node.keywords]
    ]
    # It is run with such an environment itself.
    assert without == ["engines/serving/process_guard.py"]
