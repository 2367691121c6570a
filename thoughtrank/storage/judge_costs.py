"""What the judge calls of a run have cost: also those of stages that are not finished, or that it no longer asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from thoughtrank.storage.done_marker import DONE, read_done
from thoughtrank.storage.json_files import read_json_object, write_json
from thoughtrank.storage.run_paths import RunPaths

ACCOUNT = "judge_account"
"""Fact of a finished stage: the key of its cost, where that is not its fingerprint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCost:
    """What the judge calls of one stage have cost, in US dollars.

    Attributes:
        stage: its place in the run folder.
        cost: of all calls with a verdict.
        lost: most that attempts without one may have cost in addition.
        working_in: its folder in the cache while an attempt works there; None when the attempt has ended.
    """

    stage: str
    cost: float
    lost: float
    working_in: str | None = None

    @property
    def spent(self) -> float:
        """Both together: what counts against the budget."""
        return self.cost + self.lost


def known_cost(facts: Mapping[str, Any]) -> float | None:
    """What the judge calls of a finished stage have cost, in US dollars; None where the price of some was unknown.

    Args:
        facts: of the stage; one that called no judge has cost nothing.
    """
    cost: float | None = facts.get("judge_cost", 0.0)
    return None if any(facts.get("judge_unpriced_tokens", ())) else cost


def total_of(costs: Iterable[float | None]) -> float | None:
    """The sum; None where one is unknown."""
    known = []
    for each in costs:
        if each is None:
            return None
        known.append(each)
    return sum(known, 0.0)


def read_judge_costs(paths: RunPaths) -> dict[str, StageCost]:
    """The cost of every judged stage of a run, by the key of its account.

    Of runs of former versions, and where the file is damaged, those of the finished stages in the run folder.
    """
    costs = _stored(paths)
    for marker in sorted(paths.folder.glob(f"round_*/**/{DONE}")):
        done = read_done(marker.parent)
        if done is None or "judge_cost" not in done.facts:
            continue
        found = StageCost(
            stage=marker.parent.relative_to(paths.folder).as_posix(),
            cost=done.facts["judge_cost"],
            lost=done.facts.get("judge_lost_cost", 0.0),
        )
        account = done.facts.get(ACCOUNT, done.fingerprint)
        if account not in costs or costs[account].spent < found.spent:
            costs[account] = found
    return costs


def write_judge_costs(paths: RunPaths, costs: Mapping[str, StageCost]) -> None:
    """Replace the file atomically; a run whose judge is free has none."""
    kept = {account: asdict(each) for account, each in costs.items() if each.spent or each.working_in}
    if kept or paths.judge_costs.exists():
        paths.folder.mkdir(parents=True, exist_ok=True)
        write_json(paths.judge_costs, kept, durable=True)


def _stored(paths: RunPaths) -> dict[str, StageCost]:
    try:
        return {account: StageCost(**each) for account, each in (read_json_object(paths.judge_costs) or {}).items()}
    except TypeError:
        return {}
