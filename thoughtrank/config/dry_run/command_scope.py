"""Which stages of which rounds a command does: all of a run, or with ``stop_after`` those up to a stage of one round."""

from dataclasses import dataclass

from thoughtrank.config.schema import RunConfig
from thoughtrank.records import STAGES


@dataclass(frozen=True, slots=True)
class CommandScope:
    """What a command does, as if nothing of its first round were finished.

    Attributes:
        rounds: of the run.
        stop_after: the stage that ends the command; None does the whole run, controls included.
        first: the first round that is not finished; 0 evaluates the base model.
    """

    rounds: int
    stop_after: str | None = None
    first: int = 0

    @classmethod
    def of_run(cls, config: RunConfig) -> "CommandScope":
        """The whole run, whatever is finished."""
        return cls(rounds=config.rounds)

    @classmethod
    def of_command(cls, config: RunConfig, *, first: int) -> "CommandScope":
        """What is done until ``stop_after``; the whole run where nothing is left that would stop it."""
        if config.stop_after is None or first > config.rounds:
            return cls.of_run(config)
        return cls(rounds=config.rounds, stop_after=config.stop_after, first=first)

    def of(self, stage: str) -> range:
        """The numbers of the rounds in which a stage of ``STAGES`` is done."""
        if self.stop_after is None:
            return range(0 if stage == "evaluation" else 1, self.rounds + 1)
        if stage == "evaluation":
            return range(0, 1 if self.first == 0 else 0)
        number = max(self.first, 1)
        return range(number, number + (STAGES.index(stage) <= STAGES.index(self.stop_after)))
