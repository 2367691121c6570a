"""A setting that comes from an environment variable, and another value of that variable in a later attempt."""

import pytest
from composing import changed, composed

from thoughtrank.config.variable_digests import changed_variables, write_variable_digests
from thoughtrank.errors import UserError

STORED = {"questions.seed": "${oc.env:SEED}", "judge.timeout_seconds": "${oc.env:PATIENCE}"}
VALUES = {"questions.seed": 7, "judge.timeout_seconds": 60}


def config(settings):
    values = composed("judge=openai", "judge.model=m")
    for key, value in settings.items():
        values = changed(values, key, value)
    return values


@pytest.fixture
def path(tmp_path):
    write_variable_digests(tmp_path / "variables.yaml", stored=config(STORED), values=config(VALUES))
    return tmp_path / "variables.yaml"


def test_another_value_is_noticed_and_the_same_one_is_not(path):
    assert changed_variables(path, values=config(VALUES)) == ([], {"questions.seed"})
    other = config({**VALUES, "questions.seed": 8})
    assert changed_variables(path, values=other) == (["questions.seed"], {"questions.seed"})


def test_a_secret_has_no_digest_and_one_of_a_former_version_is_not_compared(tmp_path):
    stored = {"judge.api_key": "${oc.env:MINE}", "questions.seed": "${oc.env:SEED}"}
    path = tmp_path / "variables.yaml"
    write_variable_digests(path, stored=config(stored), values=config({"judge.api_key": "one", "questions.seed": 7}))
    assert "api_key" not in path.read_text()
    path.write_text(f"{path.read_text()}  judge.api_key: {'0' * 32}\n")
    now = config({"judge.api_key": "two", "questions.seed": 7})
    assert changed_variables(path, values=now) == ([], {"questions.seed"})


def test_what_cannot_change_results_may_change(path):
    assert changed_variables(path, values=config({**VALUES, "judge.timeout_seconds": 5}))[0] == []


def test_the_file_holds_no_value_and_no_digest_that_another_run_has_too(path, tmp_path):
    secret = {"judge.criteria": "a-secret-of-this-test"}
    for name in ("a.yaml", "b.yaml"):
        stored = config({"judge.criteria": "${oc.env:CRITERIA}"})
        write_variable_digests(tmp_path / name, stored=stored, values=config(secret))
    first, second = ((tmp_path / name).read_text().splitlines() for name in ("a.yaml", "b.yaml"))
    assert len(first) == len(second) > 2
    assert "a-secret-of-this-test" not in "".join(first)
    differing = [one != other for one, other in zip(first, second, strict=True)]
    assert sum(differing) == 2, "salt and digest"


def test_a_config_without_such_settings_gets_no_file(tmp_path):
    write_variable_digests(tmp_path / "variables.yaml", stored=config(VALUES), values=config(VALUES))
    assert not (tmp_path / "variables.yaml").exists()
    assert changed_variables(tmp_path / "variables.yaml", values=config(VALUES)) == ([], frozenset())


@pytest.mark.parametrize("text", ["", "[1]", "salt: x\nscrypt: {}", "salt: '00'", "{"])
def test_a_damaged_file_is_a_plain_error(tmp_path, text):
    (tmp_path / "variables.yaml").write_text(text)
    with pytest.raises(UserError, match="is damaged"):
        changed_variables(tmp_path / "variables.yaml", values=config(VALUES))
