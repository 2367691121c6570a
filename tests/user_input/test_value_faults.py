"""One line for each value that does not fit, by the key as it is typed."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from thoughtrank.user_input.value_faults import encoding_faults, type_faults


class Inner(BaseModel):
    rate: float


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    tokens: PositiveInt | Literal["auto"] | None = None
    words: str | list[str] = ""
    sizes: list[int | Literal["auto"]] = []
    level: Literal["low", "high"] = "low"
    inner: Inner | Literal["none"] = "none"


def faults_of(where="", **values):
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(values)
    return type_faults(caught.value, values, where=where)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"tokens": "lots"}, "tokens: input should be a valid integer or 'auto', not 'lots'"),
        ({"tokens": 0}, "tokens: input should be greater than 0 or 'auto', not 0"),
        ({"tokens": 1.5}, "tokens: input should be a valid integer or 'auto', not 1.5"),
        ({"sizes": [1, "auto", "all"]}, "sizes.2: input should be a valid integer or 'auto', not 'all'"),
        ({"words": True}, "words: input should be a valid string or a valid list, not True"),
        ({"level": "middle"}, "level: input should be 'low' or 'high', not 'middle'"),
        ({"inner": {}}, "inner.rate: missing value"),
        ({"inner": {"rate": [1]}}, "inner.rate: input should be a valid number, not [1]"),
        ({"token": 3}, "token: unknown key"),
    ],
)
def test_a_value_has_one_line_whatever_types_it_may_have(values, fault):
    assert faults_of(**values) == [fault]
    assert faults_of(where="training", **values) == [f"training.{fault}"]


@pytest.mark.parametrize("where", ["", "training."])
def test_a_number_in_place_of_a_text_is_shown_in_the_quotes_that_it_needs(where):
    assert faults_of(words=3, where=where.rstrip(".")) == [
        f"{where}words: input should be a valid string or a valid list, not 3: write '{where}words=\"3\"'"
    ]
    assert faults_of(words=["We add", 3], where=where.rstrip(".")) == [
        f"{where}words.1: input should be a valid string, not 3: write \"3\" in the list, which is in '...' for the shell"
    ]


def test_a_secret_of_the_wrong_type_is_not_shown():
    class Named(BaseModel):
        password: str

    with pytest.raises(ValidationError) as refused:
        Named.model_validate({"password": 12345678})
    assert "12345678" not in str(type_faults(refused.value, {"password": 12345678}, where="judge"))

    class Server(BaseModel):
        api_key: int

    with pytest.raises(ValidationError) as caught:
        Server.model_validate({"api_key": "canary"})
    [fault] = type_faults(caught.value, {"api_key": "canary"}, where="judge")
    assert fault.startswith("judge.api_key: input should be a valid integer")
    assert "canary" not in fault


def test_several_values_are_told_at_once():
    assert faults_of(tokens="lots", level="middle") == [
        "tokens: input should be a valid integer or 'auto', not 'lots'",
        "level: input should be 'low' or 'high', not 'middle'",
    ]


def test_texts_and_keys_that_cannot_be_written_as_utf_8_are_named_wherever_they_are():
    assert encoding_faults({"a": ["ä", {"b": "\udce4", "c": 3}], "d\ud800": None}, where="judge") == [
        "judge.a.1.b: not valid UTF-8: save the script or file that it comes from in UTF-8",
        "judge.d\ud800: the key is not valid UTF-8: save the script or file that it comes from in UTF-8",
    ]
