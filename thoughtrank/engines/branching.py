"""Greedy decoding of many branches from shared prompts: prefill, then one token for every living branch per step."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from thoughtrank.engines.branch import BranchState, TagReader
from thoughtrank.engines.drawing import draw
from thoughtrank.engines.engine import Continuation, GenerationRequest, Limits, OnStep
from thoughtrank.engines.shared_prefix import SharedPrefixCache
from thoughtrank.errors import UserError
from thoughtrank.thoughts import CLOSE_TAG


def _common_length(sequences: Sequence[Sequence[int]]) -> int:
    """How many tokens all sequences share, leaving each at least one of its own."""
    shortest = min(len(sequence) for sequence in sequences) - 1
    for position in range(shortest):
        if len({sequence[position] for sequence in sequences}) > 1:
            return position
    return shortest


_PROMPTS_AT_ONCE = 4
"""Prompts of one prefill: more rows make the matrix products faster, up to a few hundred tokens."""


@torch.inference_mode()
def generate_group(
    requests: Sequence[GenerationRequest],
    *,
    model: PreTrainedModel,
    reader: TagReader,
    limits: Limits,
    context_tokens: int,
    on_step: OnStep | None = None,
) -> list[list[Continuation]]:
    """Continue every branch of every request; see ``EngineSession.generate``.

    Args:
        requests: the group.
        model: a causal LM whose attention is ``shared_prefix.ATTENTION``.
        reader: of the model's tokenizer.
        limits: tokens per phase.
        context_tokens: the longest sequence the model was made for.
        on_step: progress callback.

    Raises:
        UserError: a prompt leaves no room for the limits.
    """
    cache = SharedPrefixCache(num_questions=len(requests))
    branches: list[BranchState] = []
    prompts: list[list[int]] = []
    for question, request in enumerate(requests):
        sequences = [reader.encode(request.prompt + branch.opener) for branch in request.branches]
        _check_context(sequences, limits=limits, context_tokens=context_tokens, prompt=request.prompt)
        common = _common_length(sequences)
        prompts.append(sequences[0][:common])
        for sequence, branch in zip(sequences, request.branches, strict=True):
            branches.append(
                BranchState(
                    reader=reader,
                    limits=limits,
                    question=question,
                    opener_ids=sequence[common:],
                    in_thought=branch.in_thought,
                    branch=branch,
                )
            )
    _prefill(prompts, model=model, cache=cache)
    prompt_lengths = torch.tensor([len(prompt) for prompt in prompts])
    _decode(branches, model=model, cache=cache, prompt_lengths=prompt_lengths, on_step=on_step)
    results: list[list[Continuation]] = [[] for _ in requests]
    for state in branches:
        results[state.question].append(state.continuation())
    return results


def _check_context(sequences: list[list[int]], *, limits: Limits, context_tokens: int, prompt: str) -> None:
    needed = max(map(len, sequences)) + limits.thought_tokens + len(CLOSE_TAG) + limits.answer_tokens
    if needed > context_tokens:
        raise UserError(
            f"the prompt starting {prompt[:60]!r} needs up to {needed} tokens with its thought and answer, but the model's "
            f"context holds {context_tokens}: shorten the question, or lower generation.thought_tokens or "
            "generation.answer_tokens"
        )


def _prefill(prompts: list[list[int]], *, model: PreTrainedModel, cache: SharedPrefixCache) -> None:
    """Store the keys and values of every prompt; a few of like length at a time.

    Padding goes behind a shorter prompt, where causal attention never looks, and is not stored.
    """
    order = sorted(range(len(prompts)), key=lambda question: len(prompts[question]))
    for start in range(0, len(order), _PROMPTS_AT_ONCE):
        chunk = order[start : start + _PROMPTS_AT_ONCE]
        longest = len(prompts[chunk[-1]])
        rows = [prompts[question] + [0] * (longest - len(prompts[question])) for question in chunk]
        cache.prefilling = [(question, len(prompts[question])) for question in chunk]
        positions = torch.arange(longest, device=model.device)[None].expand(len(chunk), -1)
        tokens = torch.tensor(rows, device=model.device)
        model.base_model(input_ids=tokens, position_ids=positions, past_key_values=cache, shared_prefix=cache)
    cache.prefilling = []


def _decode(
    branches: list[BranchState],
    *,
    model: PreTrainedModel,
    cache: SharedPrefixCache,
    prompt_lengths: torch.Tensor,
    on_step: OnStep | None,
) -> None:
    for branch in branches:
        branch.start()
    living = [branch for branch in branches if not branch.done]
    if not living:
        return
    questions = torch.tensor([branch.question for branch in living])
    cache.start_decoding(question_of_branch=questions)
    while living:
        cache.grow(num_branches=len(living))
        tokens = torch.tensor([[branch.next_token] for branch in living]).to(model.device)
        positions = (prompt_lengths[questions] + cache.length)[:, None].to(model.device)
        logits = model(
            input_ids=tokens, position_ids=positions, past_key_values=cache, shared_prefix=cache, use_cache=True
        ).logits[:, -1]
        cache.length += 1
        for branch, chosen in zip(living, _choose(logits, living), strict=True):
            branch.advance(chosen)
        if on_step is not None:
            on_step(len(living), sum(branch.done for branch in living))
        if any(branch.done for branch in living):
            living = _drop_finished(living, cache=cache)
            if living:
                questions = torch.tensor([branch.question for branch in living])
                cache.assign(question_of_branch=questions)


def _choose(logits: torch.Tensor, living: list[BranchState]) -> list[int]:
    """The token each branch goes on with.

    The likeliest one, or what the branch asks for instead; not the end of the turn where the answer has yet to be long
    enough.
    """
    held = [row for row, branch in enumerate(living) if branch.must_go_on]
    if held:
        ends = torch.tensor(sorted(living[0].reader.end_tokens), device=logits.device)
        logits[torch.tensor(held, device=logits.device)[:, None], ends] = float("-inf")
    chosen = logits.argmax(dim=-1).tolist()
    # Branches that differ only in their first choice choose from one and the same row: in low precision two rows of a batch
    # with the same content may differ in their last bits, and then two places could name one token.
    same: dict[tuple[int, ...], int] = {}
    for row, branch in enumerate(living):
        if branch.draws:
            source = same.setdefault((branch.question, *branch.opener_ids), row) if branch.at_first_choice else row
            chosen[row] = draw(logits[source], branch)
    return chosen


def _drop_finished(living: list[BranchState], *, cache: SharedPrefixCache) -> list[BranchState]:
    """Fill the places of finished branches with the last living ones, so that only those are copied."""
    keep = sum(not branch.done for branch in living)
    targets = [place for place in range(keep) if living[place].done]
    sources = [place for place in range(keep, len(living)) if not living[place].done]
    if targets:
        cache.move(sources=torch.tensor(sources), targets=torch.tensor(targets))
    for source, target in zip(sources, targets, strict=True):
        living[target] = living[source]
    return living[:keep]
