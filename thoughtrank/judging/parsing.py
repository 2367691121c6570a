"""Reads a ranking from a judge's reply, and refuses to guess one."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL | re.IGNORECASE)
_MAX_MISSING = Fraction(1, 5)
"""A reply that leaves out more than this share of the answers is no ranking of them."""


@dataclass(frozen=True, slots=True)
class ParseFault:
    """Why a reply is no ranking."""

    reason: str


def parse_ranking(reply: str, labels: Mapping[str, str]) -> tuple[tuple[str, ...], ...] | ParseFault:
    """The tie-groups of answer ids in a reply, best first.

    Accepted: the JSON object ``{"ranking": [["B"], ["A", "D"]]}``, alone or inside the reply's only code fence, and the
    flat ``{"ranking": ["B", "A"]}``. Up to a fifth of the labels may be missing: those answers are in no group, because
    nothing was said about them.

    Args:
        reply: the judge's reply.
        labels: every label that was shown, and the answer id it stands for.
    """
    body = reply.strip()
    fences = _FENCE.findall(body)
    if len(fences) == 1:
        body = fences[0]
    if not body:
        return ParseFault("the reply is empty")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return ParseFault("the reply is not one JSON object")
    if not isinstance(parsed, dict) or not isinstance(parsed.get("ranking"), list):
        return ParseFault('the reply has no list named "ranking"')
    groups: list[tuple[str, ...]] = []
    for entry in parsed["ranking"]:
        group = [entry] if isinstance(entry, str) else entry
        if not isinstance(group, list) or not all(isinstance(label, str) for label in group):
            return ParseFault("the ranking holds something other than labels")
        if group:
            groups.append(tuple(group))
    return _checked(groups, labels)


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
