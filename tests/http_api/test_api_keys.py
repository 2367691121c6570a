"""Keys are read when they are needed, and removed from what is kept."""

import pytest

from thoughtrank.http_api.api_keys import api_key, key_name_faults, without_key


def test_a_key_is_read_from_the_environment_each_time(monkeypatch):
    monkeypatch.setenv("A_KEY", " secret-1\n")
    assert api_key("A_KEY") == "secret-1"
    monkeypatch.setenv("A_KEY", "secret-2")
    assert api_key("A_KEY") == "secret-2"


def test_no_variable_an_unset_one_and_a_blank_one_hold_no_key(monkeypatch):
    monkeypatch.delenv("A_KEY", raising=False)
    monkeypatch.setenv("BLANK", "  ")
    assert api_key(None) is api_key("A_KEY") is api_key("BLANK") is None


def test_redaction_leaves_placeholders_alone():
    assert without_key("an x in a text", "x") == "an x in a text"
    assert without_key("a secret-1", "secret-1") == "a [redacted]"
    assert without_key("a secret-1", None) == "a secret-1"


@pytest.mark.parametrize(
    "pasted", ["sk-proj-abc", "gsk_0123456789abcdef", "AKIAIOSFODNN7EXAMPLE", "AIzaSyA0123", "hf_abcdefgh", "A B", ""]
)
def test_a_pasted_key_is_no_name_and_is_not_shown(pasted):
    [fault] = key_name_faults(pasted, setting="judge.api_key_env")
    assert "judge.api_key_env is not shown" in fault
    assert not pasted.strip() or pasted not in fault


def test_names_of_variables_are_accepted(monkeypatch):
    monkeypatch.setenv("lower_case_key", "set")
    for name in (None, "OPENAI_API_KEY", "KEY2", "_MY__KEY_", "lower_case_key"):
        assert key_name_faults(name, setting="judge.api_key_env") == []
