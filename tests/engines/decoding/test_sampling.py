"""Sampled thoughts and chosen first tokens, through the engine and through its functions."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.engines.decoding.sampling import _sampled, argmax, next_tokens, ranked_token, sampled_token, uniform
from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import EMPTY_THOUGHT, OPEN_TAG

QUESTION = "How many legs do 6 spiders have?"
LIMITS = Limits(thought_tokens=10, answer_tokens=4)


class State:
    """The part of a branch that sampling reads."""

    def __init__(self, *, temperature=0.0, seed=0, first_choice=None, step=0):
        self.branch = Branch(opener="", in_thought=True, temperature=temperature, seed=seed, first_choice=first_choice)
        self.temperature, self.sampling_step, self.thought_ids = temperature, step, [1] * step
        self.tokenizer = type("Tokenizer", (), {"end_tokens": frozenset({2})})()


def thoughts(folder, branches):
    prompt = ChatTemplate.from_folder(folder).prompt(QUESTION)
    with TransformersEngine(dtype="float32", device="cpu").open(folder) as session:
        [continuations] = session.generate([GenerationRequest(prompt, tuple(branches))], limits=LIMITS)
    return continuations


def sampled(seed, temperature=1.0):
    return Branch(opener=OPEN_TAG, in_thought=True, temperature=temperature, seed=seed)


def test_sampling_follows_the_probabilities():
    probabilities = torch.tensor([0.5, 0.2, 0.0, 0.3])
    sampled_tokens = Counter(
        sampled_token(probabilities.log(), State(temperature=1.0, seed=seed)) for seed in range(4000)
    )
    assert sampled_tokens[2] == 0
    for token, expected in enumerate(probabilities.tolist()):
        assert sampled_tokens[token] / 4000 == pytest.approx(expected, abs=0.03)


def test_a_low_temperature_samples_the_likeliest():
    logits = torch.tensor([1.0, 3.0, 0.0, 2.0])
    assert {sampled_token(logits, State(temperature=0.01, seed=seed)) for seed in range(200)} == {1}


def test_uniform_numbers_fill_the_interval_and_depend_on_seed_and_step():
    numbers = [uniform(seed=seed, step=step) for seed in range(40) for step in range(40)]
    assert len(set(numbers)) == 1600
    assert 0 <= min(numbers) < 0.01
    assert 0.99 < max(numbers) < 1
    assert sum(numbers) / 1600 == pytest.approx(0.5, abs=0.03)


def test_first_choices_count_from_the_likeliest_and_never_end_the_turn():
    logits = torch.tensor([1.0, 3.0, 9.0, 2.0])
    # Token 2 is the likeliest of all, but it ends the turn.
    assert [ranked_token(logits, State(first_choice=rank)) for rank in (0, 1, 2)] == [1, 3, 0]


def test_equally_likely_tokens_have_different_ranks():
    logits = torch.zeros(500)
    assert len({ranked_token(logits, State(first_choice=rank)) for rank in range(60)}) == 60


class Row(State):
    """A row of a batch: in a thought that samples or has a rank, or in an answer."""

    def __init__(self, *, is_below_minimum=False, **options):
        super().__init__(**options)
        self.is_below_minimum = is_below_minimum
        self.is_sampled = self.branch.temperature > 0
        self.at_first_choice = self.branch.first_choice is not None
        self.question, self.opener_ids = 0, [5]


@pytest.mark.parametrize("vocabulary", [10, 64, 640, 1000])
def test_the_first_of_equal_maxima_wins_as_in_argmax(vocabulary):
    logits = torch.randint(0, 5, (50, vocabulary)).float()
    assert torch.equal(argmax(logits), logits.argmax(dim=-1))


def test_greedy_rows_take_the_likeliest_token_and_short_answers_never_end():
    logits = torch.tensor([[0.0, 1.0, 9.0, 2.0]] * 2)
    assert next_tokens(logits, [Row(), Row(is_below_minimum=True)]) == [2, 3]
    assert next_tokens(logits[:0], []) == []


def test_ranks_of_one_prompt_are_taken_from_one_row():
    # The rows differ in their last bits: by its own logits, the second row would give the token of the first again.
    logits = torch.tensor([[1.0, 1.1, 0.0], [1.1, 1.0, 0.0]])
    assert next_tokens(logits, [Row(first_choice=0), Row(first_choice=1)]) == [1, 0]


def test_sampled_thoughts_differ_by_seed_and_repeat_in_any_batch(tiny_folder):
    together = thoughts(tiny_folder, [sampled(seed) for seed in range(6)])
    assert len({each.thought for each in together}) == 6
    alone = thoughts(tiny_folder, [Branch(OPEN_TAG, in_thought=True), sampled(4)])
    assert alone[1] == together[4]


def test_the_answer_after_a_sampled_thought_is_greedy(tiny_folder):
    [first, *_] = thoughts(tiny_folder, [sampled(0)])
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).eval()
    start = tokenizer(ChatTemplate(tokenizer).prompt(QUESTION) + OPEN_TAG, add_special_tokens=False)["input_ids"]
    ids = torch.tensor([[*start, *first.thought_ids]])
    written = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=4)
    assert tuple(written[0, ids.shape[1] :].tolist())[: len(first.answer_ids)] == first.answer_ids


def test_answers_are_sampled_where_a_branch_asks_for_it(tiny_folder):
    branches = [
        Branch(EMPTY_THOUGHT, in_thought=False, answer_temperature=temperature, seed=seed)
        for temperature, seed in [(0.0, 0), (0.0, 1), *((1.0, seed) for seed in range(6))]
    ]
    greedy, also_greedy, *sampled_ones = thoughts(tiny_folder, branches)
    assert greedy == also_greedy
    assert len({each.answer_ids for each in sampled_ones}) == 6
    assert thoughts(tiny_folder, [branches[0], branches[4]])[1] == sampled_ones[2]


def test_thought_and_answer_of_one_branch_are_sampled_apart(tiny_folder):
    [greedy] = thoughts(tiny_folder, [sampled(3)])
    [both] = thoughts(tiny_folder, [replace(sampled(3), answer_temperature=1.0)])
    assert both.thought == greedy.thought
    assert both.answer_ids != greedy.answer_ids


def test_first_tokens_are_the_models_likeliest(tiny_folder):
    branches = [Branch(OPEN_TAG, in_thought=True, first_choice=rank) for rank in range(5)]
    got = [each.thought_ids[0] for each in thoughts(tiny_folder, branches)]
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).eval()
    start = tokenizer(ChatTemplate(tokenizer).prompt(QUESTION) + OPEN_TAG, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([start])).logits[0, -1]
    logits[tokenizer.eos_token_id] = float("-inf")
    assert got == logits.topk(5).indices.tolist()


def test_branches_sampled_together_get_the_tokens_that_each_gets_alone():
    """What a GPU computes."""
    torch.manual_seed(0)
    logits = torch.randn(5, 300, dtype=torch.bfloat16) * 3
    states = [State(temperature=0.5 + row / 4, seed=row, step=row) for row in range(5)]
    assert _sampled(logits, states) == [sampled_token(each, state) for each, state in zip(logits, states, strict=True)]
