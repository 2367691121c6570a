"""What a run cost and how long it took, its controls included."""

from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.storage.judge_costs import known_cost, total_of

_ROUNDING = 1e-6
"""US dollars; sums in another order differ by less."""


def duration_text(seconds: float) -> str:
    """Seconds as text in the two largest units."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def total_cost(run: StoredRun) -> float | None:
    """US dollars of all judge calls, those of the controls and of what is left out included; None where a price was unknown."""
    return total_of([listed_cost(run), other_cost(run)])


def listed_cost(run: StoredRun) -> float | None:
    """US dollars of the judge calls of rounds and controls; None where a price was unknown."""
    return total_of([*(each.cost for each in run.rounds), *map(known_cost, run.controls.values())])


def other_cost(run: StoredRun) -> float:
    """US dollars of the judge calls of stages that are not finished, and of those that the run no longer asks for.

    0 where a price was unknown: the difference then says nothing of them.
    """
    listed = listed_cost(run)
    other = 0.0 if listed is None else run.judge_cost - listed
    return other if other > _ROUNDING else 0.0


def total_tokens(run: StoredRun) -> int:
    """Tokens of the judge calls of rounds and controls."""
    of_rounds = sum(each.judge_tokens for each in run.rounds)
    return of_rounds + sum(each.get("judge_tokens", 0) for each in run.controls.values())


def total_seconds(run: StoredRun) -> float:
    """Seconds of computation of all stages, and of the controls."""
    of_rounds = sum(sum(each.seconds.values()) for each in run.rounds)
    return of_rounds + sum(each.get("seconds", 0.0) for each in run.controls.values())
