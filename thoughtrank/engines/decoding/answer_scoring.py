"""Scores answers without generating: each prompt is read once, then the texts after it, equal ones once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from thoughtrank.engines.decoding.batch_scheduler import COLUMN_STEP, CacheShape, round_up
from thoughtrank.engines.decoding.branch_tokenizer import BranchTokenizer
from thoughtrank.engines.decoding.decoder_model import DecoderModel
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Beginning, Prefill, common_length, plan_prefills, plan_scoring
from thoughtrank.engines.protocol import AnswerForm, ContinuationScore, OnStep, ScoreRequest

_TOO_LONG = float("-inf")


@dataclass(frozen=True, slots=True)
class _Text:
    """One distinct text of a question.

    Attributes:
        ids: all of its tokens.
        answer: position of the first token of the answer.
        form: what ends it.
        asked: which answers of the request it is.
    """

    ids: list[int]
    answer: int
    form: AnswerForm
    asked: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _QuestionTexts:
    """The distinct texts of one request that fit the context.

    Attributes:
        texts: as above.
        shared: number of first tokens that are the same in all of them, and before every answer.
        scores: of the request, filled as texts are read.
    """

    texts: list[_Text]
    shared: int
    scores: list[ContinuationScore]


@torch.inference_mode()
def score_group(
    requests: Sequence[ScoreRequest],
    *,
    model: DecoderModel,
    cache: KVCache,
    tokenizer: BranchTokenizer,
    context_tokens: int,
    token_budget: int,
    on_step: OnStep | None = None,
) -> list[list[ContinuationScore]]:
    """See ``EngineSession.score``.

    Args:
        requests: the group.
        model: on its device.
        cache: of the model; may have served other groups before.
        tokenizer: of the model.
        context_tokens: the longest sequence the model supports.
        token_budget: most tokens of prompts in the cache at once.
        on_step: progress callback.
    """
    questions = [_question(request, tokenizer=tokenizer, context_tokens=context_tokens) for request in requests]
    for slice_ in _slices([question for question in questions if question.texts], token_budget=token_budget):
        _read_prompts(slice_, model=model, cache=cache)
        for index, question in enumerate(slice_):
            sequences = [text.ids for text in question.texts]
            for prefill in plan_scoring(sequences, beginning=Beginning(index, question.shared)):
                _score(question, prefill, model=model, cache=cache, tokenizer=tokenizer)
                if on_step is not None:
                    finished = sum(len(question.texts[each].asked) for each in prefill.indices)
                    on_step(sum(map(len, prefill.tokens)), finished)
    return [question.scores for question in questions]


def _question(request: ScoreRequest, *, tokenizer: BranchTokenizer, context_tokens: int) -> _QuestionTexts:
    texts: dict[tuple[tuple[int, ...], int, AnswerForm], _Text] = {}
    scores = []
    for index, asked in enumerate(request.answers):
        before, answer = tokenizer.continuation_ids(request.prompt + asked.opener, asked.answer)
        scores.append(ContinuationScore(_TOO_LONG, len(answer)))
        if len(before) + len(answer) <= context_tokens:
            key = ((*before, *answer), len(before), asked.form)
            texts.setdefault(key, _Text([*before, *answer], len(before), asked.form)).asked.append(index)
    found = list(texts.values())
    # The logits after the last token before an answer are needed, so that token is read with the text.
    shared = min([common_length([text.ids for text in found]), *(text.answer - 1 for text in found)]) if found else 0
    return _QuestionTexts(found, shared, scores)


def _slices(questions: Sequence[_QuestionTexts], *, token_budget: int) -> Iterator[list[_QuestionTexts]]:
    """As many questions at a time as have room for their prompts, at least one."""
    current: list[_QuestionTexts] = []
    for question in questions:
        if current and _shape([*current, question]).tokens > token_budget:
            yield current
            current = []
        current.append(question)
    if current:
        yield current


def _shape(questions: Sequence[_QuestionTexts]) -> CacheShape:
    longest = max(question.shared for question in questions)
    return CacheShape(rows=0, columns=0, prompts=len(questions), prompt_columns=round_up(longest, COLUMN_STEP))


def _read_prompts(questions: Sequence[_QuestionTexts], *, model: DecoderModel, cache: KVCache) -> None:
    shape = _shape(questions)
    cache.begin_group(shape.tokens)
    cache.reserve(shape)
    prompts = [question.texts[0].ids[: question.shared] for question in questions]
    # Texts without a common beginning have no prompt to read.
    if all(prompts):
        for prefill in plan_prefills(prompts, present=0):
            model.prefill(prefill, cache)
        return
    for index, prompt in enumerate(prompts):
        if prompt:
            model.prefill(Prefill([index], [prompt]), cache)


def _score(
    question: _QuestionTexts, prefill: Prefill, *, model: DecoderModel, cache: KVCache, tokenizer: BranchTokenizer
) -> None:
    """Read the texts of one forward pass and set their scores."""
    texts = [question.texts[index] for index in prefill.indices]
    width = max(map(len, prefill.tokens))
    # From the last token before the answer, which predicts its first one, to its last one, which predicts what ends it.
    wanted = [
        row * width + position - question.shared
        for row, text in enumerate(texts)
        for position in range(text.answer - 1, len(text.ids))
    ]
    logits = model.read(prefill, cache, torch.tensor(wanted, device=model.device))
    logprobs = torch.log_softmax(logits.float(), dim=-1).split([len(text.ids) - text.answer + 1 for text in texts])
    for text, of_text in zip(texts, logprobs, strict=True):
        score = ContinuationScore(_logprob(text, of_text, tokenizer=tokenizer), len(text.ids) - text.answer)
        for index in text.asked:
            question.scores[index] = score


def _logprob(text: _Text, logprobs: Tensor, *, tokenizer: BranchTokenizer) -> float:
    """Of the answer's tokens and of one that ends it; ``logprobs`` is [tokens of the answer + 1, vocabulary]."""
    answer = torch.tensor(text.ids[text.answer :], device=logprobs.device, dtype=torch.long)
    ends = torch.tensor(tokenizer.answer_ends.tokens(text.form), device=logprobs.device)
    of_tokens = logprobs[:-1].gather(1, answer[:, None]).sum()
    return float(of_tokens + logprobs[-1, ends].logsumexp(dim=0))
