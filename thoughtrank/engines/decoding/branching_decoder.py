"""Decoding of many branches from shared prompts: prefill, then one token for every living branch per step."""

from collections.abc import Sequence

import torch

from thoughtrank.engines.decoding.batch_scheduler import Need, Schedule, padded_rows
from thoughtrank.engines.decoding.branch import BranchState, TagReader
from thoughtrank.engines.decoding.generic_model import Decoder
from thoughtrank.engines.decoding.kv_cache import BranchCache
from thoughtrank.engines.decoding.prefill import common_length, plan_prefills
from thoughtrank.engines.decoding.sampling import choose
from thoughtrank.engines.protocol import Continuation, GenerationRequest, Limits, OnStep
from thoughtrank.errors import UserError
from thoughtrank.prompting.thought_tags import CLOSE_TAG


@torch.inference_mode()
def generate_group(
    requests: Sequence[GenerationRequest],
    *,
    decoder: Decoder,
    cache: BranchCache,
    reader: TagReader,
    limits: Limits,
    context_tokens: int,
    token_budget: int,
    most_rows: int | None = None,
    on_step: OnStep | None = None,
) -> list[list[Continuation]]:
    """Continue every branch of every request; see ``EngineSession.generate``.

    Args:
        requests: the group.
        decoder: the model.
        cache: of the decoder; may have served other groups before.
        reader: of the model's tokenizer.
        limits: tokens per phase.
        context_tokens: the longest sequence the model was made for.
        token_budget: most tokens of cache.
        most_rows: most branches at once; None leaves it to the budget.
        on_step: progress callback.

    Raises:
        UserError: a prompt leaves no room for the limits.
    """
    prompts, branches = _read(requests, reader=reader, limits=limits, context_tokens=context_tokens)
    needs = [
        Need(
            prompt_tokens=len(prompt),
            branch_tokens=max(len(state.opener_ids) for state in states) + _most_behind_opener(limits),
            branches=len(states),
        )
        for prompt, states in zip(prompts, branches, strict=True)
    ]
    schedule = Schedule(needs, token_budget=token_budget, most_rows=most_rows)
    for question, request in enumerate(requests):
        if schedule.smallest(question) > token_budget:
            raise UserError(
                f"one branch of the prompt starting {request.prompt[:60]!r} needs {schedule.smallest(question)} tokens of "
                f"cache, but engine.token_budget is {token_budget}: raise it"
            )
    cache.begin_group(schedule.most_tokens())
    _Group(prompts, branches, decoder=decoder, cache=cache, schedule=schedule).run(on_step)
    return [[state.continuation() for state in states] for states in branches]


def _most_behind_opener(limits: Limits) -> int:
    return limits.thought_tokens + len(CLOSE_TAG) + limits.answer_tokens


def _read(
    requests: Sequence[GenerationRequest], *, reader: TagReader, limits: Limits, context_tokens: int
) -> tuple[list[list[int]], list[list[BranchState]]]:
    """The tokens that all branches of a request share, and the branches with the rest."""
    prompts, branches = [], []
    for question, request in enumerate(requests):
        sequences = [reader.encode(request.prompt + branch.opener) for branch in request.branches]
        needed = max(map(len, sequences)) + _most_behind_opener(limits)
        if needed > context_tokens:
            raise UserError(
                f"the prompt starting {request.prompt[:60]!r} needs up to {needed} tokens with its thought and answer, but "
                f"the model's context holds {context_tokens}: shorten the question, or lower generation.thought_tokens or "
                "generation.answer_tokens"
            )
        common = common_length(sequences)
        prompts.append(sequences[0][:common])
        branches.append(
            [
                BranchState(
                    reader=reader,
                    limits=limits,
                    question=question,
                    opener_ids=sequence[common:],
                    in_thought=branch.in_thought,
                    branch=branch,
                )
                for sequence, branch in zip(sequences, request.branches, strict=True)
            ]
        )
    return prompts, branches


class _Group:
    """The branches of one group on their way through the model."""

    def __init__(
        self,
        prompts: list[list[int]],
        branches: list[list[BranchState]],
        *,
        decoder: Decoder,
        cache: BranchCache,
        schedule: Schedule,
    ) -> None:
        self._prompts, self._branches = prompts, branches
        self._decoder, self._cache, self._schedule = decoder, cache, schedule
        self._living: list[BranchState] = []
        self._positions: list[int] = []  # of each living branch's next token
        self._questions: list[int] = []  # whose prompts are in the cache, by place

    def run(self, on_step: OnStep | None) -> None:
        """Decode until nothing is left."""
        self._enter()
        while self._living:
            self._step()
            finished = sum(state.done for state in self._living)
            if on_step is not None:
                on_step(len(self._living), finished)
            if finished:
                self._drop_finished()
                self._enter()

    def _enter(self) -> None:
        """Let waiting branches in, and lay the rows out anew."""
        while entering := self._schedule.admit([state.question for state in self._living]):
            states = [self._branches[question][place] for question, place in entering]
            present = len(self._questions)
            self._questions += sorted({state.question for state in states} - set(self._questions))
            rows = len(self._living) + len(states)
            self._cache.reserve(self._schedule.shape(rows=rows, questions=self._questions))
            if len(self._questions) > present:
                self._prefill(present)
            for state in states:
                state.start()
            self._living += states
            self._positions += [len(self._prompts[state.question]) for state in states]
            self._cache.enter(len(states))
            if any(state.done for state in states):
                self._drop_finished()
            if self._living:
                break
        if self._living:
            places = {question: place for place, question in enumerate(self._questions)}
            spare = padded_rows(len(self._living)) - len(self._living)
            of_rows = [places[state.question] for state in self._living] + [0] * spare
            self._cache.assign(of_rows, num_prompts=len(self._questions))

    def _prefill(self, present: int) -> None:
        """Store the keys and values of all prompts but the first ``present`` ones."""
        for prefill in plan_prefills([self._prompts[question] for question in self._questions], present=present):
            self._decoder.prefill(prefill, self._cache)

    def _step(self) -> None:
        """One token for every living branch."""
        living, device = self._living, self._decoder.device
        spare = [0] * (padded_rows(len(living)) - len(living))
        tokens = torch.tensor([state.next_token for state in living] + spare, device=device)
        positions = torch.tensor(self._positions + spare, device=device)
        # A forced token needs no logits.
        wanted = [row for row, state in enumerate(living) if not state.forced]
        rows = None if len(wanted) == len(tokens) else torch.tensor(wanted, dtype=torch.long, device=device)
        self._cache.begin_step(len(tokens))
        logits = self._decoder.step(tokens, positions, self._cache, rows)
        self._cache.end_step()
        chosen = dict(zip(wanted, choose(logits, [living[row] for row in wanted]), strict=True))
        for row, state in enumerate(living):
            state.advance(chosen.get(row, -1))
        self._positions = [position + 1 for position in self._positions]

    def _drop_finished(self) -> None:
        """Fill the places of finished branches with the last living ones, so that only those are copied."""
        living = self._living
        keep = sum(not state.done for state in living)
        targets = [row for row in range(keep) if living[row].done]
        sources = [row for row in range(keep, len(living)) if not living[row].done]
        self._cache.leave(sources=sources, targets=targets)
        for source, target in zip(sources, targets, strict=True):
            living[target], self._positions[target] = living[source], self._positions[source]
        del living[keep:], self._positions[keep:]
        self._cache.truncate(keep)
        self._drop_prompts()

    def _drop_prompts(self) -> None:
        needed = {state.question for state in self._living} | self._schedule.begun()
        questions = self._questions
        keep = len(needed)
        targets = [place for place in range(keep) if questions[place] not in needed]
        sources = [place for place in range(keep, len(questions)) if questions[place] in needed]
        if targets:
            self._cache.move_prompts(sources=sources, targets=targets)
        for source, target in zip(sources, targets, strict=True):
            questions[target] = questions[source]
        del questions[keep:]
