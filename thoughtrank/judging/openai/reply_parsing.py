"""Parses a verdict from a judge's reply; what cannot be parsed is a fault, never a guess."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from thoughtrank.judging.openai.reasoning import answer_part

_FENCE = re.compile(r"(?:```|~~~)(?:json)?[ \t]*(?:\n|(?=\{))(.*?)\n?[ \t]*(?:```|~~~)", re.DOTALL | re.IGNORECASE)
_WHOLE_FENCE = re.compile(rf"\A{_FENCE.pattern.replace('.*?', '.*')}\Z", re.DOTALL | re.IGNORECASE)
_LABEL = r"[A-Z][0-9]*"
_CHAIN = re.compile(rf"{_LABEL}(?:\s*[>=]\s*{_LABEL})*")
_MAX_MISSING = Fraction(1, 5)
"""A reply that leaves out more than this fraction of the answers is no ranking of them."""

_REFUSAL = re.compile(
    r"\A\W*(?:i(?:['’]m| am) (?:really |very |so )?(?:sorry|unable|not able)|sorry\b|as an ai\b"
    r"|i (?:can(?:not|['’]t)|won['’]t|will not|must decline))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ParseFault:
    """Why a reply is no ranking."""

    reason: str


def parse_ranking(reply: str, labels: Mapping[str, str]) -> tuple[tuple[str, ...], ...] | ParseFault:
    """The tie-groups of answer ids in a reply, best first.

    Accepted: the JSON object ``{"ranking": [["B"], ["A", "D"]]}``, alone or inside the reply's only code fence; the flat
    ``{"ranking": ["B", "A"]}``; and, for servers without JSON schemas, a reply that is exactly one line ``B > A = D``.
    Reasoning before it is skipped (``answer_part``). Up to a fifth of the labels may be missing: those answers are in no group,
    because they were not compared.

    Args:
        reply: the judge's reply.
        labels: every label that was shown, and its answer id.
    """
    body = _body(reply)
    line = body.strip("*`")
    if _CHAIN.fullmatch(line) and ">" in line:
        return _checked([tuple(re.findall(_LABEL, group)) for group in line.split(">")], labels)
    parsed = _json_object(body)
    if isinstance(parsed, ParseFault):
        return parsed
    if not isinstance(parsed.get("ranking"), list):
        return ParseFault('the reply has no list named "ranking"')
    groups: list[tuple[str, ...]] = []
    for entry in parsed["ranking"]:
        group = [entry] if isinstance(entry, str) else entry
        if not isinstance(group, list) or not all(isinstance(label, str) for label in group):
            return ParseFault("the ranking holds something other than labels")
        if group:
            groups.append(tuple(group))
    return _checked(groups, labels)


def parse_grade(reply: str) -> int | ParseFault:
    """The grade in a reply: the JSON object ``{"grade": 7}``, fenced or not, or nothing but the number; 1 to 10."""
    body = _body(reply)
    if re.fullmatch(r"[0-9]{1,2}", body):
        grade: object = int(body)
    else:
        parsed = _json_object(body)
        if isinstance(parsed, ParseFault):
            return parsed
        grade = parsed.get("grade")
    if not isinstance(grade, int) or isinstance(grade, bool) or not 1 <= grade <= 10:
        return ParseFault('the reply has no whole number from 1 to 10 named "grade"')
    return grade


def is_refusal(reply: str) -> bool:
    """Whether a reply that is no verdict begins as models do when they decline."""
    return bool(_REFUSAL.match(_body(reply)))


def _body(reply: str) -> str:
    """The reply without reasoning, template tokens and the fence around it."""
    body = answer_part(reply)
    whole = _WHOLE_FENCE.match(body)
    if whole is not None and isinstance(_json_object(whole[1]), dict):  # its texts may have fences, too
        return whole[1].strip()
    fences = _FENCE.findall(body)
    return fences[0].strip() if len(fences) == 1 else body


def _json_object(body: str) -> dict[str, Any] | ParseFault:
    if not body:
        return ParseFault("the reply is empty")
    try:
        parsed = json.loads(body, strict=False)  # models write line breaks inside strings
        if isinstance(parsed, str):  # and servers encode their object as a string once more
            parsed = json.loads(parsed, strict=False)
    except (ValueError, RecursionError):
        return ParseFault("the reply is not one JSON object")
    return parsed if isinstance(parsed, dict) else ParseFault("the reply is not one JSON object")


def _checked(groups: list[tuple[str, ...]], labels: Mapping[str, str]) -> tuple[tuple[str, ...], ...] | ParseFault:
    """The groups with ids for labels, if every label was offered, none appears twice and few are missing."""
    listed = [label for group in groups for label in group]
    if not listed:
        return ParseFault("the ranking is empty")
    if unknown := [label for label in listed if label not in labels]:
        return ParseFault(f"the ranking names {unknown[0][:20]!r}, which was not offered")
    if len(set(listed)) < len(listed):
        return ParseFault("the ranking names a label twice")
    missing = len(labels) - len(listed)
    if missing > _MAX_MISSING * len(labels):
        return ParseFault(f"the ranking leaves out {missing} of {len(labels)} labels")
    return tuple(tuple(labels[label] for label in group) for group in groups)
