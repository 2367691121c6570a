"""Openers mined from an earlier run, or from the finished rounds of the run itself: first words of genuine thoughts."""

from collections.abc import Iterable
from functools import cached_property
from string import ascii_letters, digits

from thoughtrank.errors import UserError
from thoughtrank.prefixes.earlier_run import EarlierRun, GenuineThought, ReadPrefixes
from thoughtrank.prefixes.openers import Opener, mine_openers, no_opener
from thoughtrank.prefixes.prefix_list import PrefixList
from thoughtrank.prefixes.protocol import Prefix, PrefixSet

_BYTES_PER_WORD = 24
"""Of an opener that is mined during the run: so much room is reserved for it in the context from the start."""


class MinedPrefixes(PrefixSet):
    """First words of genuine wins (see ``earlier_run``), mined on training questions.

    They are chosen one after the other, always the opener that solves most questions that those before it do not.

    Args:
        run: folder of an earlier run; None mines the run itself: round 1 begins thoughts with ``fallback``, and every later
            round with the openers of the rounds before it.
        fallback: prefixes of round 1, and of every round before which no opener was found, if the run itself is mined: a list
            of texts; or one text, each of whose characters is a prefix.
        count: number of openers; fewer where there are no more.
        words: how many first words of a thought make an opener; a thought has to have more.
        min_questions: an opener is mined if it has a genuine win in as many questions; 1 also takes those that suit a single
            question, such as its numbers.
        rounds: how many rounds are read, from the first on; None for all that are ranked.
    """

    def __init__(
        self,
        *,
        run: str | None = None,
        fallback: list[str | int] | str = ascii_letters + digits,
        count: int,
        words: int = 2,
        min_questions: int = 2,
        rounds: int | None = None,
    ) -> None:
        self.run = run
        self.fallback = fallback
        self.count = count
        self.words = words
        self.min_questions = min_questions
        self.rounds = rounds

    @property
    def mines_own_run(self) -> bool:
        """Whether the openers come from the finished rounds of the run itself."""
        return self.run is None

    @property
    def longest_opener(self) -> int:
        """Most bytes of an opener that the run itself gives."""
        return _BYTES_PER_WORD * self.words

    def faults(self) -> list[str]:
        """See ``PrefixSet``: also a run that is missing, or without an opener to mine."""
        settings = {
            "count": self.count,
            "words": self.words,
            "min_questions": self.min_questions,
            "rounds": 1 if self.rounds is None else self.rounds,
        }
        faults = [f"prefixes.mined.{key}={value}: give 1 or more" for key, value in settings.items() if value < 1]
        return faults or self._read.faults

    def prefixes(self) -> tuple[Prefix, ...]:
        """See ``PrefixSet``; those of round 1 if the run itself is mined; none where there are faults."""
        return self._read.prefixes

    def mining_settings(self) -> dict[str, object]:
        """Everything that decides which openers are found in finished rounds, as JSON values."""
        return {
            "count": self.count,
            "words": self.words,
            "min_questions": self.min_questions,
            "rounds": self.rounds,
            "longest": self.longest_opener,
        }

    def mine(self, thoughts: Iterable[GenuineThought], *, prefix_set: str) -> list[Opener]:
        """The openers that finished rounds of the run itself give.

        Args:
            thoughts: of their genuine wins, in order.
            prefix_set: name of this set.
        """
        return mine_openers(
            thoughts,
            words=self.words,
            min_questions=self.min_questions,
            count=self.count,
            most_bytes=self.longest_opener,
            prefix_set=prefix_set,
        )

    def chosen_on(self) -> frozenset[str]:
        """See ``PrefixSet``; the finished rounds of the run itself have training questions only."""
        return self._read.questions

    @cached_property
    def _read(self) -> ReadPrefixes:
        if self.run is None:
            fallback = PrefixList(values=self.fallback)
            return ReadPrefixes(fallback.prefixes(), fallback.faults())
        try:
            thoughts = list(EarlierRun(self.run, rounds=self.rounds).genuine_thoughts())
            mined = mine_openers(
                thoughts,
                words=self.words,
                min_questions=self.min_questions,
                count=self.count,
            )
        except UserError as error:
            return ReadPrefixes((), [f"prefixes.mined.run: {fault}" for fault in error.faults])
        if not mined:
            counts = {"prefixes.mined.words": self.words, "prefixes.mined.min_questions": self.min_questions}
            lower = " or ".join(key for key, value in counts.items() if value > 1)
            why = no_opener(words=self.words, min_questions=self.min_questions)
            fix = f"lower {lower}" if lower else "name a run with longer or more genuine thoughts"
            return ReadPrefixes((), [f"prefixes.mined.run={self.run}: {why}: {fix}"])
        return ReadPrefixes(
            tuple(Prefix(name=each.opener, text=each.opener) for each in mined),
            [],
            frozenset(each.question_id for each in thoughts),
        )
