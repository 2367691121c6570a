"""The judge calls of a round in short, question by question: what was shown, in which order the judge put it, and its words."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_REFERENCE_MODEL = "reference"
"""Named as the model of a verdict by the judge that has none."""
MOST_CALLS = 40
"""Calls of one question that are kept; the log has all."""
_MOST_CHARACTERS = 600
_MOST_CALLS_OF_ROUND = 200_000
"""Bounds the memory: about 200 MB."""


def verdict_texts(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Question id to its calls in the order of the log, at most ``MOST_CALLS``.

    Args:
        path: of the verdict log; a missing one has no calls, and lines that cannot be read are left out.
    """
    by_question: dict[str, list[dict[str, Any]]] = defaultdict(list)
    kept = 0
    for line in _lines(path):
        try:
            record = json.loads(line)
            calls = by_question[record["question_id"]]
            if len(calls) < MOST_CALLS:
                calls.append(_shortened(record))
                kept += 1
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if kept == _MOST_CALLS_OF_ROUND:
            break
    return {question: calls for question, calls in by_question.items() if calls}


def _shortened(record: dict[str, Any]) -> dict[str, Any]:
    short = {"status": record["status"], "groups": record["groups"], "mode": record.get("mode")}
    if record.get("model") == _REFERENCE_MODEL:
        short["reference"] = True
    if record.get("reverse"):
        short["audit"] = True
    if record["reason"]:
        short["reason"] = str(record["reason"])[:_MOST_CHARACTERS]
    if record.get("reply"):
        short["reply"] = str(record["reply"])[:_MOST_CHARACTERS]
    if record.get("scores"):
        short["scores"] = record["scores"]
    return short


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError:
        return
