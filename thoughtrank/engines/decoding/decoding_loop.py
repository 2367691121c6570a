"""The loop of continuous batching: admit waiting branches, prefill prompts and openers, step, drop finished branches."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from thoughtrank.engines.decoding.batch_scheduler import BatchScheduler, padded_rows
from thoughtrank.engines.decoding.branch import BranchState
from thoughtrank.engines.decoding.decoder_model import DecoderModel
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Beginning, Opener, plan_openers, plan_prefills
from thoughtrank.engines.decoding.sampling import next_tokens
from thoughtrank.engines.protocol import OnStep

NO_TOKEN = -1
MIN_OPENER = 8
"""Tokens of the longest opener of a group. Shorter openers are fed in the steps: forward passes of their own would not be
faster."""


@dataclass(frozen=True, slots=True)
class QuestionBranches:
    """One request of the group.

    Attributes:
        prompt: tokens that all of its branches share.
        branches: their states, each with the rest of its opener.
    """

    prompt: list[int]
    branches: list[BranchState]


class DecodingLoop:
    """Decodes the branches of one group.

    Args:
        questions: the group.
        model: on its device.
        cache: begun for the group.
        scheduler: of the group.
    """

    def __init__(
        self, questions: Sequence[QuestionBranches], *, model: DecoderModel, cache: KVCache, scheduler: BatchScheduler
    ) -> None:
        self._questions = questions
        self._model, self._cache, self._scheduler = model, cache, scheduler
        openers = [len(state.opener_ids) for question in questions for state in question.branches]
        # All openers or none: a branch that is fed its own later could need more columns than are reserved.
        self._reads_openers = max(openers, default=0) >= MIN_OPENER
        self._running: list[BranchState] = []  # by row
        self._positions: list[int] = []  # of each row's next token
        self._cached: list[int] = []  # question of each prompt in the cache

    def run(self, on_step: OnStep | None) -> None:
        """Decode until all branches are complete."""
        self._admit()
        while self._running:
            self._step()
            finished = sum(state.done for state in self._running)
            if on_step is not None:
                on_step(len(self._running), finished)
            if finished:
                self._drop_finished()
                self._admit()

    def _admit(self) -> None:
        """Admit waiting branches, and assign rows to prompts."""
        while admitted := self._scheduler.admit([state.question for state in self._running]):
            self._add([self._questions[question].branches[index] for question, index in admitted])
            if self._running:
                break
        if self._running:
            prompts = {question: prompt for prompt, question in enumerate(self._cached)}
            padding = padded_rows(len(self._running)) - len(self._running)
            prompts_of_rows = [prompts[state.question] for state in self._running] + [0] * padding
            self._cache.assign_prompts(prompts_of_rows, num_prompts=len(self._cached))

    def _add(self, states: list[BranchState]) -> None:
        """Prefill missing prompts, start these branches and prefill their openers but for the last token.

        That one is fed in the next step, which chooses the token after it. Branches without a token to generate are dropped
        at once.
        """
        present = len(self._cached)
        self._cached += sorted({state.question for state in states} - set(self._cached))
        first, rows = len(self._running), len(self._running) + len(states)
        read = [len(state.opener_ids) - 1 if self._reads_openers else 0 for state in states]
        self._cache.reserve(self._scheduler.shape(rows=rows, questions=self._cached), opener_tokens=max(read))
        if len(self._cached) > present:
            for prefill in plan_prefills([self._questions[each].prompt for each in self._cached], present=present):
                self._model.prefill(prefill, self._cache)
        for state, tokens in zip(states, read, strict=True):
            state.start(read=tokens)
            self._positions.append(len(self._questions[state.question].prompt) + tokens)
        self._running += states
        self._cache.add_rows(read)
        if self._reads_openers:
            self._read_openers(range(first, rows))
        if any(state.done for state in states):
            self._drop_finished()

    def _read_openers(self, rows: Sequence[int]) -> None:
        """Prefill the openers of these rows but for their last token."""
        position = {question: index for index, question in enumerate(self._cached)}
        openers = [
            Opener(
                row=row,
                tokens=state.opener_ids[:-1],
                prompt=Beginning(position[state.question], len(self._questions[state.question].prompt)),
            )
            for row, state in ((row, self._running[row]) for row in rows)
            if len(state.opener_ids) > 1
        ]
        for prefill in plan_openers(openers):
            self._model.prefill(prefill, self._cache)

    def _step(self) -> None:
        """One token for every branch in flight."""
        running, device = self._running, self._model.device
        padding = [0] * (padded_rows(len(running)) - len(running))
        tokens = torch.tensor([state.next_token for state in running] + padding, device=device)
        positions = torch.tensor(self._positions + padding, device=device)
        # The token after a forced one needs no logits.
        choosing = [row for row, state in enumerate(running) if not state.forced]
        rows = None if len(choosing) == len(tokens) else torch.tensor(choosing, dtype=torch.long, device=device)
        self._cache.begin_step(len(tokens))
        logits = self._model.step(tokens, positions, self._cache, rows)
        self._cache.end_step()
        chosen = dict(zip(choosing, next_tokens(logits, [running[row] for row in choosing]), strict=True))
        for row, state in enumerate(running):
            state.advance(chosen.get(row, NO_TOKEN))
        self._positions = [position + 1 for position in self._positions]

    def _drop_finished(self) -> None:
        """Move the last running branches into the rows of finished ones, so that as few as possible are copied."""
        running = self._running
        keep = sum(not state.done for state in running)
        targets = [row for row in range(keep) if running[row].done]
        sources = [row for row in range(keep, len(running)) if not running[row].done]
        self._cache.move_rows(sources=sources, targets=targets)
        for source, target in zip(sources, targets, strict=True):
            running[target], self._positions[target] = running[source], self._positions[source]
        del running[keep:], self._positions[keep:]
        self._cache.keep_rows(keep)
        self._drop_prompts()

    def _drop_prompts(self) -> None:
        """The same for prompts that no branch needs any more."""
        needed = {state.question for state in self._running} | self._scheduler.partly_admitted()
        cached = self._cached
        keep = len(needed)
        targets = [prompt for prompt in range(keep) if cached[prompt] not in needed]
        sources = [prompt for prompt in range(keep, len(cached)) if cached[prompt] in needed]
        if targets:
            self._cache.move_prompts(sources=sources, targets=targets)
        for source, target in zip(sources, targets, strict=True):
            cached[target] = cached[source]
        del cached[keep:]
