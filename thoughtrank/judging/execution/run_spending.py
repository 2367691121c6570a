"""What the judged stages of a run cost: each counted once against its budget, and kept in the run folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from thoughtrank.judging.execution.budget import Budget
from thoughtrank.judging.execution.executor import VERDICTS, Executor
from thoughtrank.judging.execution.stage_logs import logged_cost
from thoughtrank.judging.protocol import Judge
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.judge_costs import StageCost, read_judge_costs, write_judge_costs
from thoughtrank.storage.stage_reuse import Store


class RunSpending:
    """Counts what a run has spent when it starts, whatever it asks for now, and what its stages spend from then on.

    A stage that was shared with another run counts as if this one had paid for it.

    Args:
        limit: ``judge.budget``, in US dollars; None for no cap.
        store: of the run.

    Attributes:
        budget: of the run.
    """

    def __init__(self, *, limit: float | None, store: Store) -> None:
        self.budget = Budget(limit)
        self._store = store
        stored = read_judge_costs(store.paths)
        self._costs = {account: self._recovered(each) for account, each in stored.items()}
        if self._costs != stored:
            write_judge_costs(store.paths, self._costs)
        self.budget.add(sum(each.spent for each in self._costs.values()))

    def count(self, artifact: Artifact, *, account: str, cost: float, lost: float) -> None:
        """Count a finished stage, unless this run has counted it before.

        Args:
            artifact: of the stage.
            account: key of its cost.
            cost: of its calls, in US dollars.
            lost: most that attempts without a verdict may have cost in addition.
        """
        before = self._spent(account)
        self._keep(account, StageCost(stage=self._place(artifact), cost=cost, lost=lost))
        self.budget.add(self._spent(account) - before)

    @contextmanager
    def calling(self, judge: Judge, *, artifact: Artifact, account: str) -> Iterator[Executor]:
        """Makes the calls of a stage. What they have cost is in the run folder afterwards, however the block ends.

        Args:
            judge: that is called.
            artifact: of the stage, whose folder has the logs.
            account: key of its cost.
        """
        before, place = self._spent(account), self._place(artifact)
        if any(judge.price() or ()) or judge.limits.budget is not None:
            # Where to look for the logs if this process is killed.
            folder = artifact.folder.relative_to(self._store.cache_folder).as_posix()
            self._keep(account, StageCost(stage=place, cost=0.0, lost=0.0, working_in=folder))
        with Executor(judge, artifact.folder / VERDICTS, budget=self.budget) as executor:
            logged = executor.usage.cost + executor.lost_cost
            self.budget.add(-min(before, logged))  # counted twice
            elsewhere = max(0.0, before - logged)
            try:
                yield executor
            finally:
                cost, lost = elsewhere + executor.usage.cost, executor.lost_cost
                self._keep(account, StageCost(stage=place, cost=cost, lost=lost))

    def _recovered(self, each: StageCost) -> StageCost:
        """With what an attempt that was killed has spent."""
        if each.working_in is None:
            return each
        cost, lost = logged_cost(self._store.cache_folder / each.working_in)
        ended = replace(each, working_in=None)
        return max(ended, replace(ended, cost=cost, lost=lost), key=lambda known: known.spent)

    def _spent(self, account: str) -> float:
        return self._costs[account].spent if account in self._costs else 0.0

    def _keep(self, account: str, new: StageCost) -> None:
        """Store the cost of a stage; less than what it has cost before only says that it began, or ended."""
        before = self._costs.get(account, new)
        now = replace(before, working_in=new.working_in) if new.spent < before.spent else new
        if account not in self._costs or now != before:
            self._costs[account] = now
            write_judge_costs(self._store.paths, self._costs)

    def _place(self, artifact: Artifact) -> str:
        return artifact.published.relative_to(self._store.paths.folder).as_posix()
