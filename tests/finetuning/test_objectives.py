from dataclasses import replace

import pytest
import torch
from sft_losses import DISTINCT, SHARED, SYSTEM_PROMPT, batch_of, close, one_by_one, sft, unbatched_loss, with_gradient
from transformers import AutoModelForCausalLM

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.batch_loader import BatchLoader
from thoughtrank.finetuning.objectives import SupervisedFineTuning
from thoughtrank.instantiate import make_component

TARGET = "thoughtrank.finetuning.objectives.SupervisedFineTuning"


def test_by_default_every_answer_is_learned():
    assert all(SupervisedFineTuning().learns_answer(f"q{number}", seed=0) for number in range(200))
    assert not any(
        SupervisedFineTuning(answer_loss_share=0).learns_answer(f"q{number}", seed=0) for number in range(200)
    )


def test_a_share_of_the_answers_is_learned_and_another_one_under_another_seed():
    half = SupervisedFineTuning(answer_loss_share=0.5)
    drawn = [[half.learns_answer(f"q{number}", seed=seed) for number in range(1000)] for seed in (1, 1, 2)]
    assert all(450 < sum(each) < 550 for each in drawn)
    assert drawn[0] == drawn[1] != drawn[2]
    more = SupervisedFineTuning(answer_loss_share=0.7)
    assert all(more.learns_answer(f"q{number}", seed=1) for number in range(1000) if drawn[0][number])


def test_the_plan_says_how_many_examples_teach_the_thought_only():
    assert SupervisedFineTuning().notes() == []
    [note] = SupervisedFineTuning(answer_loss_share=0.25).notes()
    assert "about 75 % of the examples teach the thought only" in note


def test_a_share_outside_of_0_to_1_is_a_fault():
    for share in (-0.1, 1.1):
        with pytest.raises(UserError, match=r"objective\.answer_loss_share"):
            make_component({"_target_": TARGET, "answer_loss_share": share}, where="objective")


@pytest.mark.parametrize(
    "examples", [DISTINCT, SHARED, SYSTEM_PROMPT], ids=["distinct prompts", "shared prompts", "shared beginning"]
)
@pytest.mark.parametrize("packing", [False, True], ids=["padded", "packed"])
def test_loss_and_gradients_are_those_of_each_example_by_itself(decoder, examples, packing):
    close(sft(decoder, examples, packing), one_by_one(decoder, examples))


WEIGHTED = [replace(example, weight=0.25 + number % 3) for number, example in enumerate(SHARED)]


@pytest.mark.parametrize("packing", [False, True], ids=["padded", "packed"])
def test_the_gradient_of_weighted_examples_is_the_weighted_sum_of_single_gradients(decoder, packing):
    found = sft(decoder, WEIGHTED, packing)
    decoder.set_attn_implementation("sdpa")
    losses = [example.weight * unbatched_loss(decoder, example) for example in WEIGHTED]
    close(found, with_gradient(decoder, sum(losses) / sum(example.num_targets for example in WEIGHTED)))
    assert float(found[0]) != pytest.approx(float(sft(decoder, SHARED, packing)[0]), rel=1e-3)


def test_micro_batches_of_weighted_examples_add_up_to_their_step(llama):
    whole = sft(llama, WEIGHTED, packing=True)
    loader = BatchLoader(examples=WEIGHTED, plan=[[[0, 1, 2, 3], [4, 5], [6, 7, 8, 9]]], padding_id=1)
    losses = [SupervisedFineTuning().loss(model=llama, batch=batch) * batch.loss_weight for batch in loader]
    close(with_gradient(llama, sum(losses)), whole)


def test_weights_of_one_leave_the_loss_as_it_is_bit_by_bit(llama):
    assert batch_of(SHARED, packing=True).target_weights is None
    one, other = (
        sft(llama, examples, packing=True) for examples in (SHARED, [replace(each, weight=1.0) for each in SHARED])
    )
    assert torch.equal(one[0], other[0])
    assert all(torch.equal(gradient, other[1][name]) for name, gradient in one[1].items())


def test_where_questions_weigh_as_much_as_they_have_examples_the_identity_is_that_of_before():
    assert "question_weights" not in SupervisedFineTuning().identity()
    equal = SupervisedFineTuning(question_weights="equal")
    assert equal.identity() == {**SupervisedFineTuning().identity(), "question_weights": "equal"}
    [note] = equal.notes()
    assert "share its weight" in note


def test_padding_changes_neither_loss_nor_gradient(llama):
    llama.set_attn_implementation("sdpa")
    results = []
    for padding_id in (1, 250):
        batch = batch_of(DISTINCT, packing=False, padding_id=padding_id)
        results.append(with_gradient(llama, SupervisedFineTuning().loss(model=llama, batch=batch)))
    close(*results)


def test_a_bfloat16_model_and_autocast_give_a_finite_float32_loss(tiny_folder):
    for dtype in (torch.bfloat16, torch.float32):
        model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=dtype)
        exact = sft(model.float(), SHARED, packing=True)[0]
        model.to(dtype)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.float32):
            loss = SupervisedFineTuning().loss(model=model, batch=batch_of(SHARED, packing=True))
        loss.backward()
        assert loss.dtype == torch.float32
        assert loss.detach() == pytest.approx(float(exact), rel=0.02)


def test_an_objective_of_ones_own_with_another_constructor_learns_every_answer():
    class Own(SupervisedFineTuning):
        def __init__(self, *, weight: float) -> None:
            self.weight = weight

    own = Own(weight=2.0)
    assert own.notes() == []
    assert own.question_weights == "examples"
    assert all(own.learns_answer(f"c{number}", seed=0) for number in range(50))
