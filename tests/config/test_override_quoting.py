"""Suggested overrides work when they are pasted into a shell."""

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from thoughtrank.config.override_quoting import override_of, requoted

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
ODD = st.text(st.sampled_from("aä 1=<>'\"\\$#{}[],:;|&()*?!~`%\n"), min_size=1, max_size=10)

MISSING = "???"
"""OmegaConf's mark of a value that is missing, in quotes too: no config can hold this text."""


def pasted(line):
    """What the config gets of a line that is pasted into a shell."""
    [argument] = shlex.split(line)
    override = OverridesParser.create().parse_override(argument)
    return override.key_or_group, override.value()


@given((TEXTS | ODD).filter(lambda text: text != MISSING))
@example("im=1")
@example("Frage <1>")
@example("größe")
@example('it\'s "so"')
@example("12")
@example("null")
@example("None")
@example("a,b")
@example(" edges ")
@example("back\\")
def test_a_suggested_override_has_exactly_the_value(value):
    key, found = pasted(override_of("questions.path", value))
    assert key == "questions.path"
    assert type(found) is str
    assert OmegaConf.create({"value": found}).value == value


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("mine", "candidates=mine"),
        ("/data/my-files_2/import", "candidates=/data/my-files_2/import"),
        ("12", "'candidates=\"12\"'"),
        ("None", "'candidates=\"None\"'"),  # without quotes it is null, see python_none
        ("im=1", "'candidates=\"im=1\"'"),
        ("my files", "'candidates=\"my files\"'"),
        ("${HOME}", "'candidates=\"\\${HOME}\"'"),
    ],
)
def test_only_what_needs_quotes_gets_them(value, line):
    assert override_of("candidates", value) == line


@given((TEXTS | ODD).filter(lambda text: text.strip()[:1] not in ("[", "{")))
def test_an_override_that_cannot_be_read_can_be_once_it_is_quoted(value):
    try:
        OverridesParser.create().parse_override(f"key={value}")
    except Exception:
        key, found = pasted(requoted(f"key={value}"))
        assert (key, found) == ("key", value)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("questions.answer_after=<answer>", "'questions.answer_after=\"<answer>\"'"),
        ("questions.question_column=Wie groß?", "'questions.question_column=\"Wie groß?\"'"),
        ("+questions.x=a=b", "'+questions.x=\"a=b\"'"),
        ("questions.question_column=[Body,Größe]", "'questions.question_column=[Body,\"Größe\"]'"),
        ("prefixes.prefixes=[It's,First]", """'prefixes.prefixes=["It'"'"'s",First]'"""),
    ],
)
def test_the_quoted_form_of_what_people_type(override, line):
    assert requoted(override) == line


@pytest.mark.parametrize("override", ["nonsense", "=1", "größe=1", "key=", "prefixes=[", "key={a: b=c}"])
def test_quotes_do_not_help_every_override(override):
    assert requoted(override) is None


def test_quoted_values_are_texts():
    [argument] = shlex.split(override_of("key", "3"))
    assert isinstance(OverridesParser.create().parse_override(argument)._value, QuotedString)
