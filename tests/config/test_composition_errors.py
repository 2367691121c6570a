"""Hydra's own texts become one sentence each; tests/test_cli.py has Hydra raise them."""

import pytest

from thoughtrank.config.composition_errors import composition_fault, encoding_fault, unknown_key


def fault(text, *, cause="", override=None, options=()):
    return composition_fault(text, cause=cause, override=override, options=options)


def test_what_cannot_be_read_is_named_with_the_grammar():
    assert fault("mismatched input", override="prefixes=[").startswith("prefixes=[: cannot be read: write key=value")


def test_a_value_that_needs_quotes_is_shown_with_them():
    assert fault("LexerNoViableAltException('<a>')", override="questions.answer_after=<a>") == (
        "questions.answer_after=<a>: cannot be read: quote its value: 'questions.answer_after=\"<a>\"'"
    )


def test_what_a_script_left_at_the_end_of_an_override_is_named():
    said = fault("LexerNoViableAltException", override="judge=reference\r")
    assert said.startswith("judge=reference: followed by a carriage return: the script")
    assert fault("LexerNoViableAltException", override="judge=reference;") == (
        "judge=reference;: cannot be read: leave out the ';', or quote it with its value: 'judge=\"reference;\"'"
    )


def test_a_space_after_a_comma_is_what_cannot_be_read():
    said = "it ends with a comma: write no space after a comma"
    assert fault("mismatched input", override="selection=best,") == (
        f"selection=best,: cannot be read: {said}, or, if the comma belongs to the value, quote that: 'selection=\"best,\"'"
    )
    assert fault("no viable alternative", override="prefixes=[a,") == f"prefixes=[a,: cannot be read: {said}"


def test_a_value_with_a_comma_is_a_list_a_text_or_several_runs():
    text = "Ambiguous value for argument 'run=a,b'\n1. To use it as a list, use key=[value1,value2]\n2. To use it as string"
    assert fault(text) == "run=a,b: a list is run=[a,b], a text is 'run=\"a,b\"', and -m runs once for each"


def test_an_unknown_choice_names_the_choices():
    text = "In 'config': Could not find 'judge/none'\n\nAvailable options in 'judge':\n\tfake\n\tgpt4\n"
    assert fault(text, options=["fake", "gpt4"]) == (
        "config: In 'config': Could not find 'judge/none': choose one of fake, gpt4"
    )


@pytest.mark.parametrize(
    ("launcher", "extra"),
    [("joblib", "joblib"), ("submitit_slurm", "submitit"), ("submitit_local", "submitit"), ("ray", "ray")],
)
def test_a_launcher_that_is_not_installed_is_named_with_its_install_line(launcher, extra):
    text = f"In 'hydra/config': Could not find 'hydra/launcher/{launcher}'\n\nAvailable options in 'hydra/launcher':\n\tbasic\n"
    assert fault(text, options=["basic"]) == (
        f"hydra/launcher={launcher} needs a package that is not installed: pip install '.[{extra}]' in the clone of thoughtrank"
    )


def test_a_launcher_that_nothing_brings_is_an_unknown_choice():
    text = "In 'hydra/config': Could not find 'hydra/launcher/rya'"
    assert fault(text, options=["basic", "joblib"]).endswith(
        "Could not find 'hydra/launcher/rya': choose one of basic, joblib"
    )


def test_an_unknown_key_is_told_from_everything_else_that_cannot_be_overridden():
    assert (
        unknown_key("Could not override 'selection.kk'.\nTo append to your config use +selection.kk=3")
        == "selection.kk"
    )
    assert unknown_key("In 'x': Could not override 'a@b.a'.\nDid you mean to override a?") is None


@pytest.mark.parametrize(
    ("text", "cause", "expected"),
    [
        (
            "Could not delete.\n 'nothing' does not exist.\nSee https://h",
            "",
            "Could not delete. 'nothing' does not exist.",
        ),
        (
            "Error merging seed=x",
            "Value 'x' is no number\n  full_key: seed",
            "Error merging seed=x. Value 'x' is no number",
        ),
        ("", "while parsing\n in file", "while parsing"),
        ("", "", "the command line cannot be composed"),
    ],
)
def test_everything_else_is_one_line_without_links(text, cause, expected):
    assert fault(text, cause=cause) == f"config: {expected}"


def test_a_file_that_is_not_utf_8_is_told_by_the_place_of_its_first_other_character():
    assert "line 1 has another character after ''" in encoding_fault(b"\xf6", bad=0)
    assert "line 2 has another character after ''" in encoding_fault(b"a: 1\n\xf6", bad=5)
    assert "line 2 has another character after 'b: sch'" in encoding_fault(b"a: 1\n  b: sch\xf6n", bad=13)
