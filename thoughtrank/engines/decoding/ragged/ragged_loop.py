"""The loop of continuous batching over regions: admit, read, make room, step, drop finished branches.

Most tokens of a step only have to be added to their branches. That happens for all of them at once, in arrays with one
element per branch of the group; only the others are handled branch by branch.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from thoughtrank.engines.decoding.batch_scheduler import round_up
from thoughtrank.engines.decoding.branch import BranchState
from thoughtrank.engines.decoding.decoding_loop import MIN_OPENER, NO_TOKEN, QuestionBranches
from thoughtrank.engines.decoding.prefill import Beginning, Opener, plan_openers, plan_prefills
from thoughtrank.engines.decoding.ragged.growing_scheduler import GrowingScheduler, Reservation
from thoughtrank.engines.decoding.ragged.ragged_step import Field, RaggedStep, StepInputs, padded_batch
from thoughtrank.engines.decoding.sampling import special_tokens
from thoughtrank.engines.protocol import OnStep

Integers = npt.NDArray[np.int64]

_PREFILL_TOKENS = 4096
"""Of one prefill: as many as keep a GPU busy."""
_PROMPT_STEP = 16
_LEAST_ROWS = 64


class RaggedLoop:
    """Decodes the branches of one group.

    Args:
        questions: the group; no prompt is empty.
        step: of the model, with a cache that has begun the group.
        scheduler: of the group.
        vocabulary: number of tokens that the model can choose.
        most_tokens: the most tokens that a branch can have after its prompt.
    """

    def __init__(
        self,
        questions: Sequence[QuestionBranches],
        *,
        step: RaggedStep,
        scheduler: GrowingScheduler,
        vocabulary: int,
        most_tokens: int,
    ) -> None:
        self._questions, self._do_step, self._scheduler = questions, step, scheduler
        self._model, self._cache = step.model, step.cache
        self._states = [state for question in questions for state in question.branches]
        sizes = [len(question.branches) for question in questions]
        self._first = np.cumsum([0, *sizes[:-1]])  # number of the first branch of each question
        self._position_of = np.zeros(len(questions), dtype=np.int64)  # of each question's prompt in the cache
        openers = [len(state.opener_ids) for state in self._states]
        reads = max(openers, default=0) >= MIN_OPENER
        self._read = [
            [len(state.opener_ids) - 1 if reads else 0 for state in question.branches] for question in questions
        ]
        limits = self._states[0].limits
        self._has_minimum = limits.min_answer_tokens > 0
        # A power of two, so that groups of similar limits share their graphs.
        self._most_tokens = 1 << (most_tokens - 1).bit_length()
        tokenizer = self._states[0].tokenizer
        self._is_special = np.isin(np.arange(vocabulary), sorted(tokenizer.end_tokens | tokenizer.may_close))
        # By branch.
        self._fields = np.zeros((len(Field), len(self._states)), dtype=np.int64)
        number = len(self._states)
        self._plain = np.zeros(number, dtype=np.int64)  # how many of the next tokens only have to be added
        self._added = np.zeros(number, dtype=np.int64)  # how many were added, and are not in its state yet
        self._written = np.zeros((number, most_tokens), dtype=np.int32)  # these
        # By row.
        self._rows: list[Reservation] = []
        self._branches: Integers = np.zeros(0, dtype=np.int64)
        self._prompts = torch.zeros(3, 1, dtype=torch.int32)
        self._most_rows = _LEAST_ROWS

    def run(self, on_step: OnStep | None) -> None:
        """Decode until all branches are complete."""
        self._admit()
        while self._scheduler.running:
            grown = self._scheduler.grow()
            self._cache.move(grown.moves)
            for move in grown.moves:
                self._fields[Field.START, self._number(move.reservation)] = move.target
            for reservation in grown.paused:
                self._flush(self._number(reservation))
            if not self._scheduler.running:
                self._admit()
                continue
            if grown.paused:
                self._order_rows()
            finished = self._step()
            if on_step is not None:
                on_step(len(self._rows), len(finished))
            for reservation in finished:
                self._scheduler.finish(reservation)
            if finished:
                self._admit()

    def _number(self, reservation: Reservation) -> int:
        return int(self._first[reservation.question]) + reservation.index

    def _admit(self) -> None:
        """Admit branches that wait, and read prompts, openers and what paused branches wrote."""
        while True:
            admission = self._scheduler.admit(read=self._read)
            self._read_prompts(admission.prompts)
            for reservation in admission.branches:
                self._start(reservation)
            self._read_beginnings([each for each in admission.branches if each.read])
            done = [each for each in admission.branches if self._states[self._number(each)].done]
            for reservation in done:
                self._scheduler.finish(reservation)
            if not done:
                break
        self._order_rows()

    def _read_prompts(self, missing: Sequence[int]) -> None:
        cached = list(self._scheduler.prompts)
        self._cache.prompt_starts = [start for start, _ in self._scheduler.prompts.values()]
        if missing:
            prompts, present = [self._questions[each].prompt for each in cached], len(cached) - len(missing)
            for prefill in plan_prefills(prompts, present=present, at_most=_PREFILL_TOKENS):
                self._model.prefill(prefill, self._cache)

    def _start(self, reservation: Reservation) -> None:
        number = self._number(reservation)
        state, prompt = self._states[number], self._questions[reservation.question].prompt
        if state.next_token == NO_TOKEN:
            state.start(read=reservation.read)
        self._fields[Field.START, number] = reservation.start
        self._fields[Field.LENGTH, number] = reservation.read
        self._fields[Field.POSITION, number] = len(prompt) + reservation.read
        self._note(number, state)

    def _note(self, number: int, state: BranchState) -> None:
        """What the next step needs of a state that has changed."""
        self._fields[Field.TOKEN, number] = state.next_token
        self._fields[Field.BELOW_MINIMUM, number] = state.is_below_minimum
        self._plain[number] = state.plain_tokens

    def _read_beginnings(self, reservations: Sequence[Reservation]) -> None:
        """Read what branches begin with."""
        position = {question: index for index, question in enumerate(self._scheduler.prompts)}
        openers = [
            Opener(
                row=each.start,
                tokens=self._states[self._number(each)].fed_ids,
                prompt=Beginning(position[each.question], len(self._questions[each.question].prompt)),
            )
            for each in reservations
        ]
        for prefill in plan_openers(openers, at_most=_PREFILL_TOKENS):
            self._model.prefill(prefill, self._cache)

    def _order_rows(self) -> None:
        """Rows of the same prompt next to each other, in the order in which they were admitted."""
        running, regions = self._scheduler.running, self._scheduler.prompts
        self._position_of[list(regions)] = np.arange(len(regions))
        questions = np.array([each.question for each in running], dtype=np.int64)
        indices = np.array([each.index for each in running], dtype=np.int64)
        order = np.argsort(self._position_of[questions], kind="stable")
        self._rows = [running[position] for position in order.tolist()]
        self._branches = (self._first[questions] + indices)[order]
        used, counts = np.unique(self._position_of[questions], return_counts=True)
        prompts = np.zeros((3, round_up(max(1, len(used)), _PROMPT_STEP) + 1), dtype=np.int32)
        prompts[0] = len(running)
        prompts[0, 0] = 0
        prompts[0, 1 : len(used) + 1] = counts.cumsum()
        cached = list(regions)
        for column, position in enumerate(used.tolist()):
            prompts[1:, column] = regions[cached[position]][0], len(self._questions[cached[position]].prompt)
        self._prompts = torch.from_numpy(prompts)
        self._most_rows = max(_LEAST_ROWS, 1 << (int(counts.max(initial=1)) - 1).bit_length())

    def _inputs(self) -> StepInputs:
        number = len(self._branches)
        rows = np.zeros((len(Field), padded_batch(number) + 1), dtype=np.int32)
        rows[Field.START] = self._cache.tokens  # the region of padding rows
        rows[:, :number] = self._fields[:, self._branches]
        return StepInputs(
            rows=torch.from_numpy(rows),
            prompts=self._prompts,
            most_rows=self._most_rows,
            most_tokens=self._most_tokens,
            has_minimum=self._has_minimum,
        )

    def _step(self) -> list[Reservation]:
        """One token for every branch in flight; those that are complete."""
        branches = self._branches
        wants_logits = any(
            state.at_first_choice or state.is_sampled
            for state in (self._states[number] for number in branches[self._plain[branches] == 0])
        )
        tokens, logits = self._do_step(self._inputs(), wants_logits=wants_logits)
        chosen = tokens[: len(branches)].cpu().numpy()
        self._fields[Field.LENGTH, branches] += 1
        self._fields[Field.POSITION, branches] += 1
        self._scheduler.end_step()
        plain = (self._plain[branches] > 0) & ~self._is_special[chosen]
        added = branches[plain]
        self._written[added, self._added[added]] = self._fields[Field.TOKEN, added] = chosen[plain]
        self._added[added] += 1
        self._plain[added] -= 1
        finished = []
        rows = np.flatnonzero(~plain).tolist()
        for row in rows:
            self._flush(int(branches[row]))
        states = [self._states[number] for number in branches[rows]]
        likeliest = chosen[rows].tolist()
        if logits is not None:
            likeliest = special_tokens(logits, rows=rows, states=states, likeliest=likeliest)
        for row, state, token in zip(rows, states, likeliest, strict=True):
            state.advance(token)
            if state.done:
                finished.append(self._rows[row])
            else:
                self._note(int(branches[row]), state)
        return finished

    def _flush(self, number: int) -> None:
        """Give a state the tokens that were added."""
        if count := int(self._added[number]):
            self._states[number].extend(self._written[number, :count].tolist())
            self._added[number] = 0
