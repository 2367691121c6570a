"""Continues many branches from shared prompts: one prefill per prompt, then one token for every branch per step."""

from collections.abc import Sequence

import torch

from thoughtrank.engines.decoding.batch_scheduler import BatchScheduler, QuestionNeed
from thoughtrank.engines.decoding.branch import BranchState
from thoughtrank.engines.decoding.branch_tokenizer import BranchTokenizer
from thoughtrank.engines.decoding.decoder_model import DecoderModel
from thoughtrank.engines.decoding.decoding_loop import DecodingLoop, QuestionBranches
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import common_length
from thoughtrank.engines.decoding.ragged.growing_scheduler import MOST_ROWS, GrowingScheduler
from thoughtrank.engines.decoding.ragged.ragged_loop import RaggedLoop
from thoughtrank.engines.decoding.ragged.ragged_step import RaggedStep
from thoughtrank.engines.protocol import Continuation, GenerationRequest, Limits, OnStep
from thoughtrank.errors import UserError
from thoughtrank.prompting.thought_tags import CLOSE_TAG


@torch.inference_mode()
def generate_group(
    requests: Sequence[GenerationRequest],
    *,
    model: DecoderModel,
    cache: KVCache,
    ragged: RaggedStep | None,
    tokenizer: BranchTokenizer,
    limits: Limits,
    context_tokens: int,
    token_budget: int,
    max_rows: int | None = None,
    on_step: OnStep | None = None,
) -> list[list[Continuation]]:
    """Continue every branch of every request; see ``EngineSession.generate``.

    Args:
        requests: the group.
        model: on its device.
        cache: of the model; may have served other groups before.
        ragged: where branches are to reserve what they wrote; None where they are to reserve their limits.
        tokenizer: of the model.
        limits: tokens per phase.
        context_tokens: the longest sequence the model supports.
        token_budget: most tokens in the cache.
        max_rows: most branches at once; None leaves it to the budget.
        on_step: progress callback.

    Raises:
        UserError: a prompt leaves no room for the limits in the model's context or in the budget.
    """
    questions = [
        _question(request, index=index, tokenizer=tokenizer, limits=limits, context_tokens=context_tokens)
        for index, request in enumerate(requests)
    ]
    needs = [
        QuestionNeed(
            prompt_tokens=len(question.prompt),
            branch_tokens=max(len(state.opener_ids) for state in question.branches) + _max_tokens_after_opener(limits),
            branches=len(question.branches),
        )
        for question in questions
    ]
    # A prompt without a token has no region.
    if ragged is not None and questions and all(question.prompt for question in questions):
        _decode_ragged(questions, needs, ragged, requests=requests, token_budget=token_budget, max_rows=max_rows).run(
            on_step
        )
    else:
        scheduler = BatchScheduler(needs, token_budget=token_budget, max_rows=max_rows)
        _check_budget(requests, [scheduler.min_tokens(index) for index in range(len(needs))], token_budget=token_budget)
        cache.begin_group(scheduler.max_tokens())
        DecodingLoop(questions, model=model, cache=cache, scheduler=scheduler).run(on_step)
    return [[state.continuation() for state in question.branches] for question in questions]


def _check_budget(requests: Sequence[GenerationRequest], least: Sequence[int], *, token_budget: int) -> None:
    for request, tokens in zip(requests, least, strict=True):
        if tokens > token_budget:
            raise UserError(
                f"one branch of the prompt starting {request.prompt[:60]!r} needs {tokens} tokens of cache, but "
                f"engine.token_budget is {token_budget}: raise it"
            )


def _decode_ragged(
    questions: Sequence[QuestionBranches],
    needs: Sequence[QuestionNeed],
    step: RaggedStep,
    *,
    requests: Sequence[GenerationRequest],
    token_budget: int,
    max_rows: int | None,
) -> RaggedLoop:
    """The loop of a group whose branches reserve what they wrote."""
    _check_budget(requests, [GrowingScheduler.min_tokens(need) for need in needs], token_budget=token_budget)
    scheduler = GrowingScheduler(needs, token_budget=token_budget, max_rows=min(max_rows or MOST_ROWS, MOST_ROWS))
    step.cache.begin_group(scheduler.tokens)
    return RaggedLoop(
        questions,
        step=step,
        scheduler=scheduler,
        vocabulary=step.model.vocabulary,
        most_tokens=max(need.branch_tokens for need in needs) + 1,
    )


def _max_tokens_after_opener(limits: Limits) -> int:
    return limits.thought_tokens + len(CLOSE_TAG) + limits.answer_tokens


def _question(
    request: GenerationRequest, *, index: int, tokenizer: BranchTokenizer, limits: Limits, context_tokens: int
) -> QuestionBranches:
    """The tokens that all branches of a request share, and the branches with the rest of their openers."""
    sequences = [tokenizer.encode(request.prompt + branch.opener) for branch in request.branches]
    needed = max(map(len, sequences)) + _max_tokens_after_opener(limits)
    if needed > context_tokens:
        raise UserError(
            f"the prompt starting {request.prompt[:60]!r} needs up to {needed} tokens with its thought and answer, but the "
            f"model's context holds {context_tokens}: shorten the question, or lower generation.thought_tokens or "
            "generation.answer_tokens"
        )
    common = common_length(sequences)
    branches = [
        BranchState(
            tokenizer=tokenizer,
            limits=limits,
            question=index,
            opener_ids=sequence[common:],
            in_thought=branch.in_thought,
            branch=branch,
        )
        for sequence, branch in zip(sequences, request.branches, strict=True)
    ]
    return QuestionBranches(prompt=sequences[0][:common], branches=branches)
