from itertools import pairwise

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.finetuning.optimizers import AdamW, schedule_factor

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCHEDULES = ["cosine", "linear", "constant"]


def curve(*, steps, warmup_steps, schedule="cosine", final_share=0.1):
    """The factors of all steps of one training."""
    return [
        schedule_factor(step=step, steps=steps, warmup_steps=warmup_steps, schedule=schedule, final_share=final_share)
        for step in range(steps)
    ]


@st.composite
def settings_of_a_schedule(draw):
    warmup_steps = draw(st.integers(0, 30))
    return {
        "warmup_steps": warmup_steps,
        "steps": warmup_steps + draw(st.integers(2, 100)),
        "schedule": draw(st.sampled_from(SCHEDULES)),
        "final_share": draw(st.floats(0, 1)),
    }


@PATIENT
@given(settings_of_a_schedule())
def test_it_rises_in_the_warm_up_reaches_the_peak_and_never_rises_again(given_settings):
    factors, warmup = curve(**given_settings), given_settings["warmup_steps"]
    rising, falling = factors[: warmup + 1], factors[warmup:]
    assert all(before < after for before, after in pairwise(rising))
    assert all(before >= after for before, after in pairwise(falling))
    assert factors[0] > 0
    assert factors[warmup] == max(factors) == 1


@PATIENT
@given(settings_of_a_schedule())
def test_it_stays_between_the_final_share_and_the_peak_behind_the_warm_up(given_settings):
    factors = curve(**given_settings)[given_settings["warmup_steps"] :]
    assert all(given_settings["final_share"] - 1e-12 <= factor <= 1 for factor in factors)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_the_last_step_has_the_final_share(schedule):
    for steps, final_share in ((3, 0.1), (10, 0.0), (10, 0.1), (200, 0.5)):
        factors = curve(steps=steps, warmup_steps=1, schedule=schedule, final_share=final_share)
        assert factors[-1] == pytest.approx(final_share)


def test_a_constant_schedule_stays_at_the_peak():
    assert curve(steps=10, warmup_steps=2, schedule="constant", final_share=0.0)[2:] == [1.0] * 8


def test_a_linear_schedule_falls_in_equal_steps_and_a_cosine_slowly_at_first():
    linear = curve(steps=21, warmup_steps=0, schedule="linear", final_share=0.0)
    falls = [before - after for before, after in pairwise(linear)]
    assert falls == pytest.approx([falls[0]] * 20)
    cosine = curve(steps=21, warmup_steps=0, schedule="cosine", final_share=0.0)
    assert cosine[1] > linear[1]
    assert cosine[-2] < linear[-2]


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_shortest_trainings_have_a_rate_too(schedule, steps):
    assert all(0 < factor <= 1 for factor in curve(steps=steps, warmup_steps=0, schedule=schedule))


# The optimizer.


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(5, 4)
        self.linear = torch.nn.Linear(4, 4)
        self.norm = torch.nn.LayerNorm(4)


def built(block, steps=10, **settings):
    return AdamW(**{"lr": 0.1, "weight_decay": 0.5, "warmup_share": 0.0, **settings}).build(
        block.named_parameters(), steps=steps
    )


def step_without_gradient(block, optimizer):
    for parameter in block.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()


def test_norms_and_biases_get_no_decay_and_weights_do():
    block = Block()
    torch.nn.init.normal_(block.linear.bias)
    before = {name: parameter.detach().clone() for name, parameter in block.named_parameters()}
    step_without_gradient(block, built(block)["optimizer"])
    for name, parameter in block.named_parameters():
        decayed = name in ("embedding.weight", "linear.weight")
        torch.testing.assert_close(parameter.detach(), before[name] * (0.95 if decayed else 1.0))


def test_frozen_weights_are_left_alone():
    block = Block()
    block.embedding.weight.requires_grad_(False)
    before = block.embedding.weight.clone()
    step_without_gradient(block, built(block)["optimizer"])
    assert torch.equal(block.embedding.weight, before)


def test_the_rate_follows_the_schedule_step_by_step():
    block = Block()
    made = built(block, warmup_share=0.2, schedule="linear")
    optimizer, scheduler = made["optimizer"], made["lr_scheduler"]
    assert scheduler["interval"] == "step"
    rates = []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"])
        step_without_gradient(block, optimizer)
        scheduler["scheduler"].step()
    expected = curve(steps=10, warmup_steps=2, schedule="linear")
    assert rates == pytest.approx([0.1 * factor for factor in expected])


def test_every_setting_is_part_of_the_identity():
    other = {
        **{"lr": 0.2, "weight_decay": 0.1, "betas": (0.8, 0.9), "eps": 1e-6},
        **{"warmup_share": 0.2, "schedule": "linear", "final_share": 0.2},
    }
    identities = [AdamW(lr=0.1).identity()] + [
        AdamW(**{"lr": 0.1, name: value}).identity() for name, value in other.items()
    ]
    assert len({str(identity) for identity in identities}) == len(other) + 1
