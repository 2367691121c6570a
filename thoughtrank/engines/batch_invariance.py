"""Does the text of a candidate depend on what else is in its batch?

Greedy decoding in low precision rounds differently in batches of different shapes, on every engine; now and then that
changes a token, and with it all that follows. The probe measures how often, on the run's own candidates.
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
) -> dict[str, object]:
    """Write some of a finished group's candidates once more, as a smaller batch, and compare.

    Args:
        session: that wrote the group.
        requests: the group.
        results: what was written.
        limits: as for the group.
        candidates: how many to write again, spread evenly over the group; at most half of it, so that the batch differs.

    Returns:
        ``candidates`` written again, how many ``changed``, and their ``share_changed``.
    """
    places = [(row, column) for row, request in enumerate(requests) for column in range(len(request.branches))]
    number = min(candidates, max(1, len(places) // 2))
    chosen = [places[place * len(places) // number] for place in range(number)]
    by_row: dict[int, list[int]] = {}
    for row, column in chosen:
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
