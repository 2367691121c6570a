"""Keys are read when they are needed, and removed from what is kept."""

from thoughtrank.http_api.api_keys import api_key, redacted


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
    assert redacted("an x in a text", "x") == "an x in a text"
    assert redacted("a secret-1", "secret-1") == "a [redacted]"
    assert redacted("a secret-1", None) == "a secret-1"
