"""Before a round, if its prefixes are mined: the openers of the rounds before it, from their genuine wins."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.prefixes.earlier_run import RankedRound
from thoughtrank.prefixes.mined import MinedPrefixes
from thoughtrank.prefixes.openers import Opener
from thoughtrank.stages.stage import Stage
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.tables import write_part


@dataclass(frozen=True, slots=True, kw_only=True)
class MinedRound:
    """A finished round.

    Attributes:
        candidates, rankings: its tables.
        gains: its table; None where the selection does not depend on gains.
    """

    candidates: Artifact
    rankings: Artifact
    gains: Artifact | None

    @property
    def keys(self) -> list[str | None]:
        """The fingerprints of the tables."""
        return [self.candidates.key, self.rankings.key, None if self.gains is None else self.gains.key]

    @property
    def tables(self) -> RankedRound:
        """Where the tables are."""
        return RankedRound(
            candidates=self.candidates.folder,
            rankings=self.rankings.folder,
            gains=None if self.gains is None else self.gains.folder,
        )


@dataclass(frozen=True, kw_only=True)
class Mining(Stage):
    """The table of the openers of one round.

    Attributes:
        rounds: before it, in order.
        sets: name to the set that mines them.
    """

    kind: ClassVar[str] = "openers"
    rounds: Sequence[MinedRound]
    sets: Mapping[str, MinedPrefixes]

    def inputs(self) -> dict[str, object]:
        """The tables of the rounds, and the settings of the sets."""
        return {
            "version": 1,
            "rounds": [each.keys for each in self.rounds],
            "sets": {name: each.mining_settings() for name, each in self.sets.items()},
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table, and count the openers of each set."""
        rows: list[Opener] = []
        for name, each in self.sets.items():
            read = self.rounds[: each.rounds]
            thoughts = (thought for finished in read for thought in finished.tables.genuine_thoughts())
            rows += each.mine(thoughts, prefix_set=name)
        write_part(artifact.folder / "part-00000.parquet", rows, record_type=Opener)
        counts = Counter(row.prefix_set for row in rows)
        artifact.finish(openers={name: counts[name] for name in self.sets})
