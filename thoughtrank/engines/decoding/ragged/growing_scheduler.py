"""Which branches are decoded together where a branch reserves what it wrote, and not the most that it can write."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from thoughtrank.engines.decoding.batch_scheduler import QuestionNeed, round_up
from thoughtrank.engines.decoding.ragged.regions import Regions

REGION_STEP = 64
"""Sizes of regions are multiples of it."""
MOST_ROWS = 2048
"""Branches in flight. More of them make the matmuls no more efficient."""
_GROWTH = 1.5
"""A full region grows by this factor, so that a token is copied twice on average."""
_ROWS_PER_ADMISSION = 32
"""Others are admitted when one in so many branches has finished."""
_FIRST_GUESS = 0.25
"""Expected length of a branch before one has finished, as a fraction of the limit."""
_MARGIN = 1.25
"""Branches in flight become longer than those that have finished: short ones finish first."""


@dataclass(slots=True, eq=False)
class Reservation:
    """One branch in flight.

    Attributes:
        question: index of its question.
        index: of the branch within the question.
        order: number of its admission; the highest is the youngest.
        start: first token of its region.
        size: tokens of its region.
        first_step: the step at which it would have had no token, so that its tokens need not be counted one by one.
        read: tokens that it had when it was admitted, which have to be read.
    """

    question: int
    index: int
    order: int
    start: int
    size: int
    first_step: int
    read: int


@dataclass(frozen=True, slots=True)
class Move:
    """The first ``tokens`` tokens of a region, copied to another one."""

    reservation: Reservation
    source: int
    target: int
    tokens: int


@dataclass(slots=True)
class Admission:
    """What is admitted.

    Attributes:
        branches: which are in flight from now on.
        prompts: questions whose prompts have a region from now on, and have to be read.
    """

    branches: list[Reservation] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Growth:
    """What has to happen before a step.

    Attributes:
        moves: all to be read before any of them is written.
        paused: branches that lost their region; they are admitted again later, with what they wrote.
    """

    moves: list[Move] = field(default_factory=list)
    paused: list[Reservation] = field(default_factory=list)


class GrowingScheduler:
    """The branches of a group that wait, and the regions of those in flight.

    Branches are admitted while the expected length of all of them fits. If the cache is full all the same, the youngest
    branches are paused: they lose their region, keep their text, and are the next to be admitted. The oldest branch is paused
    only if it is alone and has to move; it then gets a region for its limit, so the group ends. Everything depends on lengths
    and on when branches finish only: a group that is decoded again is decoded in the same batches.

    Args:
        needs: of each question of the group.
        token_budget: tokens of the cache.
        max_rows: most branches at once.

    Attributes:
        tokens: of all regions, at most.
        running: branches in flight, from the oldest to the youngest.
        prompts: question to the first token and the size of the region of its prompt.
    """

    def __init__(self, needs: Sequence[QuestionNeed], *, token_budget: int, max_rows: int) -> None:
        self._needs, self._max_rows = needs, max_rows
        rows = sorted((self._limit(question) for question, need in enumerate(needs) for _ in range(need.branches)))[
            -max_rows:
        ]
        prompts = sum(round_up(need.prompt_tokens, REGION_STEP) for need in needs)
        self.tokens = min(token_budget // REGION_STEP * REGION_STEP, sum(rows) + prompts)
        self._regions = Regions(self.tokens)
        order = sorted(range(len(needs)), key=lambda question: (needs[question].prompt_tokens, question))
        # The last number: tokens to read, of a branch that was paused.
        self._waiting = deque((question, index, 0) for question in order for index in range(needs[question].branches))
        self._unfinished = [need.branches for need in needs]
        self.running: list[Reservation] = []
        self.prompts: dict[int, tuple[int, int]] = {}
        self._full_at: dict[int, list[Reservation]] = {}  # by step
        self._step = self._admitted = self._finished = self._finished_tokens = 0
        self._left = 0  # branches that have finished since the last admission

    @staticmethod
    def min_tokens(need: QuestionNeed) -> int:
        """Tokens of cache for a single branch of a question."""
        return round_up(need.prompt_tokens, REGION_STEP) + round_up(need.branch_tokens + 1, REGION_STEP)

    def length(self, reservation: Reservation) -> int:
        """Tokens of a branch in flight, before the coming step."""
        return self._step - reservation.first_step

    def admit(self, *, read: Sequence[Sequence[int]]) -> Admission:
        """Admit branches.

        Args:
            read: by question and index, the tokens of a branch that are read before its first step; those of a branch that
                was paused are known.
        """
        admission = Admission()
        # Not for every single branch that finishes: each admission changes the batch.
        if not self._waiting or (self.running and self._left * _ROWS_PER_ADMISSION < len(self.running)):
            return admission
        if not self.running:
            # Prompts of questions whose branches all wait: the next branch may need their room.
            for region in self.prompts.values():
                self._regions.release(*region)
            self.prompts.clear()
        # What the branches in flight are going to need, and what there is for branches.
        needed = sum(self._expected(each.question, each.size) for each in self.running)
        room = self._regions.free_tokens + sum(each.size for each in self.running)
        while self._waiting and len(self.running) < self._max_rows:
            question, index, paused = self._waiting[0]
            tokens = paused or read[question][index]
            missing = 0 if question in self.prompts else round_up(self._needs[question].prompt_tokens, REGION_STEP)
            needed, room = needed + self._expected(question, tokens), room - missing
            if self.running and needed > room:
                break
            reservation = self._reserve(question, index, read=tokens, prompt=missing)
            if reservation is None:
                break
            self._waiting.popleft()
            self.running.append(reservation)
            admission.branches.append(reservation)
            if missing:
                admission.prompts.append(question)
        self._left = 0
        return admission

    def _expected(self, question: int, tokens: int) -> float:
        """How long a branch with so many tokens is expected to become."""
        limit = self._limit(question)
        mean = self._finished_tokens / self._finished if self._finished else _FIRST_GUESS * limit
        return min(limit, max(mean, tokens) * _MARGIN)

    def _reserve(self, question: int, index: int, *, read: int, prompt: int) -> Reservation | None:
        """A region for one more branch, and for the prompt of its question; None if they do not fit."""
        # Alone, it is never moved.
        size = min(self._limit(question), round_up(read + 1, REGION_STEP)) if self.running else self._limit(question)
        start = self._regions.allocate(size)
        if start is None:
            return None
        if prompt:
            prompt_start = self._regions.allocate(prompt)
            if prompt_start is None:
                self._regions.release(start, size)
                return None
            self.prompts[question] = (prompt_start, prompt)
        reservation = Reservation(
            question=question,
            index=index,
            order=self._admitted,
            start=start,
            size=size,
            first_step=self._step - read,
            read=read,
        )
        self._admitted += 1
        self._note(reservation)
        return reservation

    def _limit(self, question: int) -> int:
        return round_up(self._needs[question].branch_tokens + 1, REGION_STEP)

    def _note(self, reservation: Reservation) -> None:
        """When its region will be full."""
        self._full_at.setdefault(reservation.first_step + reservation.size, []).append(reservation)

    def grow(self) -> Growth:
        """Make room for one more token of every branch in flight. Where none is left, branches have to be admitted first."""
        growth = Growth()
        full = self._full_at.pop(self._step, [])
        for reservation in sorted(full, key=lambda each: each.order):
            # It may have finished or been paused since; a paused one that was admitted again is another reservation.
            if reservation.size and not self._enlarge(reservation, growth):
                self._pause(reservation, growth)
        gone = set(map(id, growth.paused))
        growth.moves = [move for move in growth.moves if id(move.reservation) not in gone]
        return growth

    def _enlarge(self, reservation: Reservation, growth: Growth) -> bool:
        """Whether there is room, for which younger branches are paused."""
        tokens, limit = reservation.size, self._limit(reservation.question)
        wanted = min(limit, round_up(int(tokens * _GROWTH), REGION_STEP))
        while True:
            for size in dict.fromkeys((wanted, min(limit, tokens + REGION_STEP))):
                if self._regions.extend(reservation.start + tokens, size - tokens):
                    reservation.size = size
                    self._note(reservation)
                    return True
                start = self._regions.allocate(size)
                if start is not None:
                    growth.moves.append(Move(reservation, reservation.start, start, tokens))
                    self._regions.release(reservation.start, tokens)
                    reservation.start, reservation.size = start, size
                    self._note(reservation)
                    return True
            if self.running[-1] is reservation:
                return False
            self._pause(self.running[-1], growth)

    def _pause(self, reservation: Reservation, growth: Growth) -> None:
        growth.paused.append(reservation)
        self._waiting.appendleft((reservation.question, reservation.index, self.length(reservation)))
        self._drop(reservation)

    def _drop(self, reservation: Reservation) -> None:
        self.running.remove(reservation)
        self._regions.release(reservation.start, reservation.size)
        reservation.size = 0

    def finish(self, reservation: Reservation) -> None:
        """Free the region of a finished branch, and the prompt's after the last branch of a question."""
        self._finished += 1
        self._left += 1
        self._finished_tokens += self.length(reservation)
        self._drop(reservation)
        question = reservation.question
        self._unfinished[question] -= 1
        if not self._unfinished[question]:
            self._regions.release(*self.prompts.pop(question))

    def end_step(self) -> None:
        """Every branch in flight has one more token."""
        self._step += 1
