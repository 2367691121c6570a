import pytest
import torch
from sft_losses import DISTINCT, SHARED, batch_of, close, one_by_one, sft, with_gradient
from transformers import AutoModelForCausalLM

from thoughtrank.errors import UserError
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


@pytest.mark.parametrize("examples", [DISTINCT, SHARED], ids=["distinct prompts", "shared prompts"])
@pytest.mark.parametrize("packing", [False, True], ids=["padded", "packed"])
def test_loss_and_gradients_are_those_of_each_example_by_itself(decoder, examples, packing):
    close(sft(decoder, examples, packing), one_by_one(decoder, examples))


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
    assert all(own.learns_answer(f"c{number}", seed=0) for number in range(50))
