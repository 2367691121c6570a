"""Whether this engine generates the same tokens as ``generate`` does for each candidate alone."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from generation_contenders import Generate, ThisEngine
from generation_workloads import Workload

NEAR_TIE = 1e-4
"""Where the two largest logits of ``generate`` are closer than this, either token counts as correct in float32."""

Item = TypeVar("Item")


def evenly_spaced(items: Sequence[Item], number: int) -> list[Item]:
    """``number`` items at equal distances, beginning with the first."""
    every = max(1, len(items) // max(1, number))
    return list(items[::every][:number])


def compare_tokens(
    folder: Path, *, workload: Workload, engine: ThisEngine, options: argparse.Namespace
) -> dict[str, Any]:
    """Compare tokens in float32, and also in bfloat16 if that is the measured dtype.

    Args:
        folder: model folder.
        workload: what to decode.
        engine: this engine in the measured dtype.
        options: command-line options.

    Returns:
        ``tokens_equal``, ``tokens_compared``, ``near_ties`` and ``share_equal``.
    """
    rows = evenly_spaced(range(len(workload.texts)), options.tokens)
    exact = Generate(folder, workload=workload, dtype="float32", device=options.device)
    outputs = ThisEngine(folder, workload=workload, options=options, dtype="float32").decode()
    expected = {row: exact.decode([workload.texts[row]])[0] for row in rows}
    ties = differences = 0
    for row in rows:
        if outputs[row] != expected[row]:
            first = first_difference(outputs[row], expected[row])
            margin = exact.logit_margin(workload.texts[row], expected[row][:first])
            near = margin < NEAR_TIE
            ties, differences = ties + near, differences + (not near)
            print(
                f"candidate {row} differs at token {first}, where the two largest logits of generate are {margin:.2g} apart"
            )
    if options.dtype == "bfloat16":
        low = Generate(folder, workload=workload, dtype="bfloat16", device=options.device)
        outputs = engine.decode()
        expected = {row: low.decode([workload.texts[row]])[0] for row in rows}
    return {
        "tokens_equal": differences == 0,
        "tokens_compared": len(rows),
        "near_ties": ties,
        "share_equal": sum(outputs[row] == expected[row] for row in rows) / len(rows),
    }


def first_difference(left: Sequence[int], right: Sequence[int]) -> int:
    """The first index where two sequences differ; the shorter length if one is a prefix of the other."""
    pairs = zip(left, right, strict=False)
    return next((index for index, pair in enumerate(pairs) if pair[0] != pair[1]), min(len(left), len(right)))
