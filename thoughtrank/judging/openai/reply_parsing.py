"""Parses a verdict from a judge's reply; what cannot be parsed is a fault, never a guess."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from thoughtrank.judging.openai.lenient_json import json_object
from thoughtrank.judging.openai.reasoning import answer_part, is_unfinished
from thoughtrank.judging.openai.verdict_in_prose import line_in_prose, object_in_prose

_FENCE = re.compile(r"(?:```|~~~)(?:json)?[ \t]*(?:\n|(?=\{))(.*?)\n?[ \t]*(?:```|~~~)", re.DOTALL | re.IGNORECASE)
_WHOLE_FENCE = re.compile(rf"\A{_FENCE.pattern.replace('.*?', '.*')}\Z", re.DOTALL | re.IGNORECASE)
_LABEL = r"[A-Z][0-9]*"
_CHAIN = re.compile(rf"{_LABEL}(?:\s*[>=]\s*{_LABEL})*")
_MAX_MISSING = Fraction(1, 5)
"""A reply that leaves out more than this fraction of the answers is no ranking of them."""

_EXAMPLE = [["B"], ["A", "D"], ["C"]]
"""The ranking in the prompt's example. Among other text it may be the prompt again."""

_REFUSAL = re.compile(
    r"\A\W*(?:i(?:['’]m| am) (?:really |very |so )?(?:sorry|unable|not able)|sorry\b|as an ai\b"
    r"|i (?:can(?:not|['’]t)|won['’]t|will not|must decline))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ParseFault:
    """Why a reply is no ranking."""

    reason: str


class _Found(NamedTuple):
    """What a reply holds: a line such as ``B > A`` or an object, and whether there is text beside it."""

    line: str = ""
    fields: Mapping[str, object] | None = None
    in_prose: bool = False


def parse_ranking(reply: str, labels: Mapping[str, str]) -> tuple[tuple[str, ...], ...] | ParseFault:
    """The tie-groups of answer ids in a reply, best first.

    Accepted: the JSON object ``{"ranking": [["B"], ["A", "D"]]}``, alone or inside the reply's only code fence; the flat
    ``{"ranking": ["B", "A"]}``; and, for servers without JSON schemas, a line ``B > A = D``. Reasoning before it is skipped
    (``answer_part``). Up to a fifth of the labels may be missing: those answers are in no group, because they were not
    compared. With prose before or after it, a ranking counts only if it is the only one, names every label and is not the
    prompt's example.

    Args:
        reply: the judge's reply.
        labels: every label that was shown, and its answer id.
    """
    found = _found(reply)
    if found.line:
        groups = [tuple(re.findall(_LABEL, group)) for group in found.line.split(">")]
        return _checked(groups, labels, complete=found.in_prose)
    if found.fields is None:
        return ParseFault("the reply is not one JSON object" if _body(reply) else "the reply is empty")
    ranking = found.fields.get("ranking")
    if not isinstance(ranking, list):
        return ParseFault('the reply has no list named "ranking"')
    if found.in_prose and ranking == _EXAMPLE:
        return ParseFault("the reply repeats the prompt's example among other text")
    groups = []
    for entry in ranking:
        group = [entry] if isinstance(entry, str) else entry
        if not isinstance(group, list) or not all(isinstance(label, str) for label in group):
            return ParseFault("the ranking holds something other than labels")
        if group:
            groups.append(tuple(group))
    return _checked(groups, labels, complete=found.in_prose)


def parse_grade(reply: str) -> int | ParseFault:
    """The grade in a reply: the JSON object ``{"grade": 7}``, fenced or with prose, or nothing but the number; 1 to 10."""
    body = _body(reply)
    if re.fullmatch(r"[0-9]{1,2}", body):
        grade: object = int(body)
    else:
        fields = _found(reply).fields
        if fields is None:
            return ParseFault("the reply is not one JSON object" if body else "the reply is empty")
        grade = fields.get("grade")
    if not isinstance(grade, int) or isinstance(grade, bool) or not 1 <= grade <= 10:
        return ParseFault('the reply has no whole number from 1 to 10 named "grade"')
    return grade


def is_refusal(reply: str) -> bool:
    """Whether a reply that is no verdict begins as models do when they decline."""
    return bool(_REFUSAL.match(_body(reply)))


def _found(reply: str) -> _Found:
    """The line or the object of a reply: as all of it, else with text beside it."""
    body, text = _body(reply), answer_part(reply)
    line = body.strip("*`")
    if _is_chain(line):
        return _Found(line=line)
    if (fields := json_object(body)) is not None:
        return _Found(fields=fields)
    line = line_in_prose(text) or ""
    if _is_chain(line):
        return _Found(line=line, in_prose=True)
    return _Found(fields=json_object(object_in_prose(text) or ""), in_prose=True)


def _is_chain(line: str) -> bool:
    return ">" in line and _CHAIN.fullmatch(line) is not None


def _body(reply: str) -> str:
    """The reply without reasoning, template tokens and the fence around it; unfinished reasoning may have drafts in fences."""
    body = answer_part(reply)
    if is_unfinished(body):
        return body
    whole = _WHOLE_FENCE.match(body)
    if whole is not None and json_object(whole[1]) is not None:  # its texts may have fences, too
        return whole[1].strip()
    fences = _FENCE.findall(body)
    return fences[0].strip() if len(fences) == 1 else body


def _checked(
    groups: list[tuple[str, ...]], labels: Mapping[str, str], *, complete: bool
) -> tuple[tuple[str, ...], ...] | ParseFault:
    """The groups with ids for labels, if every label was offered, none appears twice and few are missing, or none."""
    listed = [label for group in groups for label in group]
    if not listed:
        return ParseFault("the ranking is empty")
    if unknown := [label for label in listed if label not in labels]:
        return ParseFault(f"the ranking names {unknown[0][:20]!r}, which was not offered")
    if len(set(listed)) < len(listed):
        return ParseFault("the ranking names a label twice")
    missing = len(labels) - len(listed)
    if missing > (0 if complete else _MAX_MISSING * len(labels)):
        return ParseFault(f"the ranking leaves out {missing} of {len(labels)} labels")
    return tuple(tuple(labels[label] for label in group) for group in groups)
