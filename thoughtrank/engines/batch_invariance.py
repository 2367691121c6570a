"""Does the text of a candidate depend on what else is in its batch?

In low precision, batches of different shapes round differently on every engine. Now and then that changes a greedy token, and
with it all tokens after it. The probe measures how often, on the run's own candidates.
"""

from collections.abc import Sequence
from dataclasses import replace

from thoughtrank.engines.protocol import Continuation, EngineSession, GenerationRequest, Limits


def probe_batch_composition(
    *,
    session: EngineSession,
    requests: Sequence[GenerationRequest],
    results: Sequence[Sequence[Continuation]],
    limits: Limits,
    candidates: int,
) -> dict[str, float]:
    """Generate some candidates of a finished group again, in a smaller batch, and compare.

    Args:
        session: that generated the group.
        requests: the group.
        results: its continuations.
        limits: of the group.
        candidates: how many to generate again, spread evenly over the group; at most half of it, so that the batch differs.

    Returns:
        ``candidates`` generated again, how many ``changed``, and the fraction ``share_changed``.
    """
    positions = [(row, column) for row, request in enumerate(requests) for column in range(len(request.branches))]
    number = min(candidates, max(1, len(positions) // 2))
    by_row: dict[int, list[int]] = {}
    for row, column in (positions[index * len(positions) // number] for index in range(number)):
        by_row.setdefault(row, []).append(column)
    smaller = [
        replace(requests[row], branches=tuple(requests[row].branches[column] for column in columns))
        for row, columns in by_row.items()
    ]
    again = session.generate(smaller, limits=limits)
    changed = sum(
        continuation != results[row][column]
        for (row, columns), continuations in zip(by_row.items(), again, strict=True)
        for column, continuation in zip(columns, continuations, strict=True)
    )
    return {"candidates": number, "changed": changed, "share_changed": changed / number}
