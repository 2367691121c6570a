"""Whether this engine writes the tokens of ``generate``, each candidate alone."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from generation_contenders import Generate, ThisEngine
from generation_workloads import Workload

NEAR_TIE = 1e-4
"""Where generate's two best logits are closer than this, either token is right in float32."""

Item = TypeVar("Item")


def evenly_spaced(items: Sequence[Item], number: int) -> list[Item]:
    """So many of the items, from the first on, at equal distances."""
    every = max(1, len(items) // max(1, number))
    return list(items[::every][:number])


def compare_tokens(
    folder: Path, *, workload: Workload, engine: ThisEngine, options: argparse.Namespace
) -> dict[str, Any]:
    """Compare in float32, and in bfloat16 as well where that is what is measured.

    Args:
        folder: of the model.
        workload: what is decoded.
        engine: this engine in the dtype that is measured.
        options: of the command line.

    Returns:
        ``tokens_equal``, ``tokens_compared``, ``near_ties`` and ``share_equal``.
    """
    rows = evenly_spaced(range(len(workload.texts)), options.tokens)
    exact = Generate(folder, workload=workload, dtype="float32", device=options.device)
    written = ThisEngine(folder, workload=workload, options=options, dtype="float32").written()
    expected = {row: exact.written([workload.texts[row]])[0] for row in rows}
    ties = differences = 0
    for row in rows:
        if written[row] != expected[row]:
            first = first_difference(written[row], expected[row])
            gap = exact.gap(workload.texts[row], expected[row][:first])
            near = gap < NEAR_TIE
            ties, differences = ties + near, differences + (not near)
            print(f"candidate {row} differs at token {first}, where generate's two best logits are {gap:.2g} apart")
    if options.dtype == "bfloat16":
        low = Generate(folder, workload=workload, dtype="bfloat16", device=options.device)
        written = engine.written()
        expected = {row: low.written([workload.texts[row]])[0] for row in rows}
    return {
        "tokens_equal": differences == 0,
        "tokens_compared": len(rows),
        "near_ties": ties,
        "share_equal": sum(written[row] == expected[row] for row in rows) / len(rows),
    }


def first_difference(left: Sequence[int], right: Sequence[int]) -> int:
    """The first place where two sequences differ; the end of the shorter one where it begins the other."""
    pairs = zip(left, right, strict=False)
    return next((place for place, pair in enumerate(pairs) if pair[0] != pair[1]), min(len(left), len(right)))
