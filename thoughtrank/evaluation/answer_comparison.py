r"""Compares a reply with a reference answer: the only definition of "right".

The reference judge and the evaluation both use it. The kind of the reference decides by which rules:

- a number is compared by value; a formula in the reply, such as ``\sqrt{9}``, is compared by math-verify;
- a formula as text, then by math-verify;
- letters, yes and no, and texts by rules of their own.

A reply that states several alternatives is wrong.
"""

import re

from thoughtrank.evaluation.answer_extraction import (
    after_last_phrase,
    claims,
    concluded,
    formula,
    formula_claims,
    marked_claim,
    number_claim,
    states_formula,
)
from thoughtrank.evaluation.answer_marks import LONGEST_CLAIM, after_box, after_reasoning, boxed, without_delimiters
from thoughtrank.evaluation.math_equality import math_equal
from thoughtrank.evaluation.number_lists import number_list, states_list
from thoughtrank.evaluation.number_words import with_digits
from thoughtrank.evaluation.numbers_in_text import value_of
from thoughtrank.evaluation.plain_text import plain, without_spaced_groups
from thoughtrank.evaluation.reference_kinds import Reference, is_formula, understood
from thoughtrank.evaluation.scales import agrees_in_scale
from thoughtrank.evaluation.text_answers import (
    bare,
    is_free_text,
    is_same_text,
    stated_letters,
    stated_truth,
    states_option,
    truth_of,
)
from thoughtrank.evaluation.units import has_other_unit
from thoughtrank.evaluation.unmarked_numbers import unmarked_number
from thoughtrank.records import ReferenceKind

_LATEX_SPACES = re.compile(r"\\(?:left|right)(?![A-Za-z])|\\[,!;: ]|[\s$]|\\?~")
_FRACTION = re.compile(r"\\[dt]frac(?![A-Za-z])")
_TEXT = re.compile(r"\\(?:text|mathrm|mbox|operatorname)\s*\{([^{}]*)\}")
_NUMBERS_ONLY = re.compile(r"[0-9\s,.]+|.*=.*", re.DOTALL)
"""Numbers side by side, and equations, have a last number."""
_NEXT_QUESTION = re.compile(
    r"(?:^[#*\s]*(?:Question|Q|Human|User|Instruction)|\n\s*\n[#*\s]*Problem)[ \t]*[0-9]{0,3}[*\s]*:", re.MULTILINE
)
"""Begins the next example in the shape of few-shot prompts, which models go on to write where nothing stops them."""
_DEGREES = re.compile(r"\^\{?\\circ\}?|°")


def is_right(reply: str, reference: str, kind: ReferenceKind | None = None) -> bool:
    """Whether a reply ends in the reference answer.

    Args:
        reply: the whole answer text.
        reference: the reference answer.
        kind: of the reference, if the question source names it; None finds it.
    """
    wanted = understood(reference, kind)
    reply = _own_part(reply)
    if wanted.kind == "number":
        return _number_is_right(reply, wanted)
    if wanted.kind == "letter":
        return stated_letters(reply) == {wanted.text} or states_option(reply, wanted.option)
    if wanted.kind == "yes_no":
        return stated_truth(reply) is truth_of(wanted.text)
    if wanted.kind == "formula":
        return _formula_is_right(reply, wanted.text)
    if wanted.kind == "none":
        return False
    return _text_is_right(reply, wanted)


def _own_part(reply: str) -> str:
    """The reply without reasoning before it, and without a further question that it goes on to after its answer."""
    text = after_reasoning(reply)
    for question in _NEXT_QUESTION.finditer(text):
        before = text[: question.start()]
        if number_claim(before) is not None or marked_claim(before) is not None:
            return before
    return text


def same_answer(given: str | None, reference: str) -> bool:
    """Equal as numbers if both are numbers (3.0 is 3, 1/2 is 0.5), else equal as texts up to case and spaces."""
    if given is None:
        return False
    expected = value_of(reference)
    if expected is not None:
        return value_of(given) == expected
    wanted = bare(reference)
    return wanted != "" and bare(given) == wanted


def _number_is_right(reply: str, wanted: Reference) -> bool:
    claim = number_claim(reply) or _formula_alone(reply)
    if claim is not None and concluded(claim) is None and (rest := after_box(reply)) and number_claim(rest) is not None:
        # The box holds a formula of the reasoning.
        return _number_is_right(rest, wanted)
    number = unmarked_number(_with_last_line_joined(reply)) if claim is None else concluded(claim)
    if wanted.value is None:  # a source calls it a number, but it is none
        return False
    if number is not None:
        given = reply if claim is None else claim
        other_unit = has_other_unit(given, number, wanted.text)
        return agrees_in_scale(given, number, wanted.text) if other_unit is None else not other_unit
    if claim is None or not (boxed(reply) is not None or (states_formula(claim) and "\\" in claim)):
        return False
    return states_formula(claim) and math_equal(str(wanted.value), formula(claim))


def _with_last_line_joined(reply: str) -> str:
    """The reply with ``1000`` for a last line that is nothing but ``1 000`` or "one thousand"."""
    before, end, line = reply.rstrip().rpartition("\n")
    joined = with_digits(without_spaced_groups(line))
    return before + end + joined if value_of(joined) is not None else reply


def _formula_alone(reply: str) -> str | None:
    """The last line, where it is nothing but a formula: ``3π`` alone is not 3."""
    line = without_delimiters(reply.strip().rpartition("\n")[2])
    return line if not _NUMBERS_ONLY.fullmatch(line) and is_formula(line) else None


def _formula_is_right(reply: str, wanted: str) -> bool:
    found = formula_claims(reply)
    written = {
        _spaceless(wanted),
        _spaceless(formula(wanted)),
    }  # "and" between formulas is a comma in those that are found
    if any(_spaceless(each) in written for each in found):
        return True
    return any(len(each) > 0 and math_equal(wanted, each) for each in found)


def _spaceless(text: str) -> str:
    text = _FRACTION.sub(r"\\frac", _DEGREES.sub("", without_delimiters(text)))
    return _LATEX_SPACES.sub("", _TEXT.sub(r"\1", text)).rstrip(".")


def _text_is_right(reply: str, wanted: Reference) -> bool:
    text = plain(wanted.text)
    if wanted.kind != "free_text":
        if elements := number_list(text):
            return states_list(reply, elements)
        return any(is_same_text(claim, text) for claim in [*claims(reply), *_from_last_phrase(reply)])
    whole = [reply, after_last_phrase(reply) or "", *claims(reply)]
    return any(is_free_text(each, text) for each in whole)


def _from_last_phrase(reply: str) -> list[str]:
    """What follows the last "answer is", without an end: the dot of "Mrs. Hilt" ends no sentence."""
    rest = after_last_phrase(plain(reply)) if boxed(reply) is None else None
    return [] if rest is None else [rest[:LONGEST_CLAIM]]
