"""Scores equal those of one whole forward pass per text, whatever shares a batch, a prompt or a cache."""

import math
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

from thoughtrank.engines.answer_ends import ends_answer
from thoughtrank.engines.decoding.generic_model import GenericModel
from thoughtrank.engines.protocol import ScoredAnswer, ScoreRequest
from thoughtrank.engines.tokenization import continuation_ids
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.prompting.chat_template import ChatTemplate

QUESTIONS = ["How many legs do 6 spiders have?", "What is 3 + 4?", "Tom has 12 apples and buys 7 more. How many now?"]


class WholeTexts:
    """The definition, computed from the logits of the whole text by transformers."""

    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    @torch.inference_mode()
    def score(self, prompt, scored):
        before, answer = continuation_ids(self.tokenizer, prompt + scored.opener, scored.answer)
        logprobs = self.model(torch.tensor([[*before, *answer]])).logits[0].double().log_softmax(dim=-1)
        total = sum(float(logprobs[len(before) - 1 + index, token]) for index, token in enumerate(answer))
        one = self.tokenizer.decode([*before, *answer])
        following = [
            self.tokenizer.decode([*before, *answer, token], clean_up_tokenization_spaces=False)[len(one) :]
            for token in range(len(self.tokenizer))
        ]
        ends = [
            token
            for token, text in enumerate(following)
            if token == self.tokenizer.eos_token_id or ends_answer(text, scored.form)
        ]
        return total + math.log(sum(math.exp(float(logprobs[-1, token])) for token in ends))


@pytest.fixture(scope="module")
def whole(tiny_folder):
    return WholeTexts(tiny_folder)


@pytest.fixture(scope="module")
def session(tiny_folder):
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        yield session


def requests_for(folder, answers):
    chat = ChatTemplate.from_folder(folder)
    return [ScoreRequest(chat.prompt(question), tuple(answers)) for question in QUESTIONS]


ANSWERS = [
    ScoredAnswer("<thought></thought>The answer is", " 12", "number"),
    ScoredAnswer("<thought>6 * 8 =", " 48", "number"),
    ScoredAnswer("<thought>", "48", "number"),
    ScoredAnswer("<thought>So we think of it for a long while, and then it is", " Paris", "text"),
    ScoredAnswer("<thought>6 * 8 =", " 48", "text"),
    ScoredAnswer("<thought>6 * 8 =", " 48", "number"),
    ScoredAnswer("", "It is a whole sentence.", "text"),
]


def check(session, whole, requests, tolerance=2e-3):
    scores = session.score(requests)
    assert [len(each) for each in scores] == [len(request.answers) for request in requests]
    for request, of_request in zip(requests, scores, strict=True):
        for answer, score in zip(request.answers, of_request, strict=True):
            assert score.logprob == pytest.approx(whole.score(request.prompt, answer), abs=tolerance), answer
            assert score.tokens == len(
                continuation_ids(whole.tokenizer, request.prompt + answer.opener, answer.answer)[1]
            )


def test_scores_are_those_of_the_whole_texts(session, whole, tiny_folder):
    check(session, whole, requests_for(tiny_folder, ANSWERS))


def test_transformers_own_modules_give_the_same_scores(whole, tiny_folder, monkeypatch):
    monkeypatch.setattr("thoughtrank.engines.decoding.session.is_llama", lambda model: False)
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        assert isinstance(session.model, GenericModel)
        check(session, whole, requests_for(tiny_folder, ANSWERS))


def test_a_model_of_another_architecture_scores(tiny_folder, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_layer=2, n_embd=16, n_head=2, n_positions=256, initializer_range=0.3
    )
    GPT2LMHeadModel(config).eval().save_pretrained(tmp_path)
    with TransformersEngine(dtype="float32", device="cpu").open(tmp_path) as session:
        check(session, WholeTexts(tmp_path), requests_for(tmp_path, ANSWERS))


def test_a_small_cache_and_one_answer_alone_give_the_same_scores(session, whole, tiny_folder):
    requests = requests_for(tiny_folder, ANSWERS)
    expected = session.score(requests)
    with TransformersEngine(dtype="float32", device="cpu", token_budget=64).open(tiny_folder) as small:
        for scores, others in zip(small.score(requests), expected, strict=True):
            assert [each.logprob for each in scores] == pytest.approx([each.logprob for each in others], abs=2e-3)
    alone = session.score([ScoreRequest(requests[0].prompt, (ANSWERS[1],))])
    assert alone[0][0].logprob == pytest.approx(expected[0][1].logprob, abs=2e-3)


def test_generation_and_scoring_take_turns_on_one_session(session, tiny_folder):
    from reference_decoding import requests_for as generation_requests

    from thoughtrank.engines.protocol import Limits

    generation, limits = generation_requests(tiny_folder, ["<thought>a", "<thought>b"]), Limits(6, 4)
    scored = requests_for(tiny_folder, ANSWERS)
    first = session.generate(generation, limits=limits), session.score(scored)
    assert (session.generate(generation, limits=limits), session.score(scored)) == first


def test_the_probabilities_of_all_one_digit_answers_and_longer_ones_add_up(session, tiny_folder):
    """What ends "3" and what continues it to "36" exclude each other, so two numbers are never counted twice."""
    numbers = [str(number) for number in range(100)]
    answers = [ScoredAnswer("<thought></thought>The answer is ", number, "number") for number in numbers]
    [scores] = session.score([ScoreRequest(requests_for(tiny_folder, [])[0].prompt, tuple(answers))])
    assert 0 < sum(math.exp(score.logprob) for score in scores) <= 1.0 + 1e-4


def test_a_text_that_does_not_fit_the_context_has_no_probability(tiny_folder, session):
    long = ScoredAnswer("<thought>" + "word " * 5000, "3", "number")
    [[one, other]] = session.score([ScoreRequest("Q: ", (long, ANSWERS[0]))])
    assert one.logprob == -math.inf
    assert math.isfinite(other.logprob)


def test_progress_counts_every_answer_once(session, tiny_folder):
    steps = []
    session.score(requests_for(tiny_folder, ANSWERS), on_step=lambda *each: steps.append(each))
    assert sum(finished for _, finished in steps) == 3 * len(ANSWERS)
    assert all(tokens > 0 for tokens, _ in steps)
    assert session.score([]) == []
    assert session.score([ScoreRequest("Q", ())]) == [[]]


PIECES = ["The", " answer", " is", " ", "4", "8", "\n", "=", "Paris", ".", "<thought>", "</thought>", "é", "$"]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 99),
    openers=st.lists(TEXTS, min_size=1, max_size=4),
    answers=st.lists(TEXTS, min_size=1, max_size=3),
)
def test_any_texts_have_the_scores_of_the_whole(seed, openers, answers, session, whole):
    chosen = random.Random(seed)
    scored = [
        ScoredAnswer(opener, answer, chosen.choice(["number", "text"])) for opener in openers for answer in answers
    ]
    check(session, whole, [ScoreRequest("User: 1\nAssistant: ", tuple(scored))])
