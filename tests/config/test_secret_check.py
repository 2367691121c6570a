"""Secrets in a config or on a command line are found, in sweeps and lists too, and are not shown."""

import pytest

from thoughtrank.config.secret_check import secret_faults


@pytest.mark.parametrize(
    "override",
    [
        "judge.base_url=http://user:canary@h/v1",
        "judge.base_url='http://h/v1?key=canary'",
        "engine.base_urls=[http://a/v1,http://u:canary@b/v1]",
        "+judge.base_url=http://a/v1,http://canary@b/v1",
        "judge.base_url=user:canary@h/v1",
        "judge.base_url=h/v1?key=canary",
        "engine.base_urls=[http://a/v1,'http://user:canary@[bad']",
        "judge.api_key_env=sk-canary",
        "judge.api_key_env=OPENAI_API_KEY,sk-canary",
        "engine.api_key_env='sk-canary'",
        "judge.api_key_env=choice(A_KEY,gsk_canary)",
    ],
)
def test_a_secret_on_the_command_line_is_found(override):
    [fault] = secret_faults({}, overrides=[override])
    assert fault.startswith(override.lstrip("+").partition("=")[0])
    assert "canary" not in fault


def test_what_is_no_secret_is_accepted():
    overrides = ["judge.base_url=http://a/v1,https://b?api-version=1", "judge.api_key_env=A_KEY,null", "rounds=1", "-m"]
    overrides += ["judge.base_url=localhost:8000/v1", "engine.base_urls=['http://[::1]:80/v1','h?api-version=1']"]
    overrides += [
        "judge.base_url=${oc.env:URL}",
        "judge.api_key_env=choice(A_KEY,B_KEY)",
        "questions.path=http://h?a=b",
    ]
    assert secret_faults({"judge": {"base_url": None, "api_key_env": "A_KEY"}}, overrides=overrides) == []


def test_a_secret_in_a_file_is_found():
    values = {
        "judge": {"base_url": "http://u:canary@h"},
        "engine": {"base_urls": ["http://h?a=1"], "api_key_env": "k 1"},
    }
    faults = secret_faults(values)
    assert [fault.split()[0] for fault in faults] == ["judge.base_url", "engine.base_urls", "engine.api_key_env"]
