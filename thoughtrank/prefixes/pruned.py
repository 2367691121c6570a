"""The best prefixes of an earlier run."""

from functools import cached_property
from itertools import islice
from typing import Literal

from thoughtrank.errors import UserError
from thoughtrank.prefixes.earlier_run import EarlierRun, ReadPrefixes, cover, without_model
from thoughtrank.prefixes.protocol import Prefix, PrefixSet

_CHECKED = 1000
"""Candidates whose thoughts are compared with their prefix."""


class PrunedPrefixes(PrefixSet):
    """The ``keep`` best prefixes of an earlier run, in their order there, chosen on its training questions.

    Args:
        run: folder of the earlier run.
        keep: number of prefixes that are kept.
        by: ``coverage`` chooses one after the other, always the prefix that solves most questions that those before it do not;
            ``wins`` takes those with most genuine wins; see ``earlier_run``.
        rounds: how many of its rounds are read, from the first on; None for all that are ranked.
    """

    def __init__(
        self, *, run: str, keep: int, by: Literal["coverage", "wins"] = "coverage", rounds: int | None = None
    ) -> None:
        self.run = run
        self.keep = keep
        self.by = by
        self.rounds = rounds

    def faults(self) -> list[str]:
        """See ``PrefixSet``: also a run that is missing, or has too few prefixes."""
        settings = {"keep": self.keep, "rounds": 1 if self.rounds is None else self.rounds}
        faults = [f"prefixes.pruned.{key}={value}: give 1 or more" for key, value in settings.items() if value < 1]
        return faults or self._read.faults

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``; none where there are faults."""
        return self._read.prefixes

    def chosen_on(self) -> frozenset[str]:
        """See ``PrefixSet``."""
        return self._read.questions

    @cached_property
    def _read(self) -> ReadPrefixes:
        try:
            return self._choose(EarlierRun(self.run, rounds=self.rounds))
        except UserError as error:
            return ReadPrefixes((), [f"prefixes.pruned.run: {fault}" for fault in error.faults])

    def _choose(self, run: EarlierRun) -> ReadPrefixes:
        first = [(without_model(each.prefix), each.thought) for each in islice(run.candidates(), _CHECKED)]
        names = list(dict.fromkeys(name for name, _ in first))
        without_text = sorted({name for name, thought in first if not thought.startswith(name)})
        if without_text:
            return ReadPrefixes(
                (),
                [
                    f"prefixes.pruned.run={self.run}: its prefixes {', '.join(map(repr, without_text[:3]))} are no texts, and "
                    "only texts can be pruned: name a run with prefixes such as alnum or words"
                ],
            )
        if self.keep > len(names):
            return ReadPrefixes(
                (),
                [f"prefixes.pruned.keep={self.keep}: {self.run} has {len(names)} prefixes: keep fewer of them"],
            )
        solved: dict[str, set[str]] = {name: set() for name in names}
        for row in run.wins().values():
            solved.setdefault(without_model(row.prefix), set()).add(row.question_id)
        if self.by == "coverage":
            kept = set(cover(solved, count=self.keep))
        else:
            kept = set(sorted(solved, key=lambda name: -len(solved[name]))[: self.keep])
        return ReadPrefixes(
            tuple(Prefix(name=name, text=name) for name in solved if name in kept),
            [],
            frozenset().union(*solved.values()),
        )
